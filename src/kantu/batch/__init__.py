"""Runs a task over many pictures on this machine; a run that was killed goes on where it ended."""
