"""看图 Kantu."""
