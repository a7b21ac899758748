"""How much was used: counted by day, actor, task and model; nothing of what was asked."""
