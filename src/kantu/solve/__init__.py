"""Runs a task on pictures: instruct, constrain, parse, validate, calibrate, find evidence."""
