"""Files that tenants upload or that batches write: rows in the database, contents on disk."""
