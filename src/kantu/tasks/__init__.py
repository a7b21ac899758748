"""What users come for, as data: tasks that drawing, asking, judging and serving share."""
