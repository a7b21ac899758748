"""What is checked beside the model: by rules that a reader can follow, never by another guess."""
