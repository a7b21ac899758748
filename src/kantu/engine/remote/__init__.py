"""The engine's protocol over servers that answer OpenAI's chat completions."""
