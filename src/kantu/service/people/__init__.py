"""People: accounts, their passwords and second factors, and who manages them."""
