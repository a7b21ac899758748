"""Attacks on a running gateway, each at its bound, beside a client that only wants its short answers."""
