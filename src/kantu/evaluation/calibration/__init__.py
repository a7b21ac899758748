"""Fits what makes confidences of a model's probabilities, on pictures with known truth."""
