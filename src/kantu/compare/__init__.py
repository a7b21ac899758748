"""Kantu beside the stitched pipeline: the same pictures, the same questions, everything measured in one run."""
