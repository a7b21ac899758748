"""`kantu backup` and `kantu restore`: database, stored files and secrets of one service as one file."""
