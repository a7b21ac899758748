"""POST /v1/tokenize: what a conversation costs, before it is asked."""
