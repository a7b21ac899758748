"""Logging in at the company's identity provider (OpenID Connect)."""
