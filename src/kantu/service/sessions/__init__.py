"""Sessions of people in browsers: a cookie that opens the API, for a while."""
