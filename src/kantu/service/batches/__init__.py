"""Many chat completions from one file: checked, run beside the interactive requests, and written to files."""
