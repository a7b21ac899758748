"""What every HTTP request passes before it reaches an endpoint: pure ASGI, so that nothing is buffered by accident."""
