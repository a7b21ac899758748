"""Who did what, when and from where: a chain of events that cannot be changed unnoticed. See docs/audit.md."""
