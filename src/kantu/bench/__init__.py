"""`kantu bench`: how fast a model answers here, beside a rival that is asked the same things in the same run."""
