"""POST /v1/decisions: yes or no, one of a few, or how much, each with its probability."""
