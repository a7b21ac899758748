"""Files that owners upload or that batches write: rows in the database, contents on disk."""
