"""How results are told: on the terminal, in Markdown, and as one HTML file."""
