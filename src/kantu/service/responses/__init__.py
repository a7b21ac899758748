"""POST /v1/responses: OpenAI's Responses API over the service that answers chat completions. Nothing is stored."""
