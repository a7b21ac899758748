"""How a comparison is told: on the terminal, in Markdown, and as one HTML file."""
