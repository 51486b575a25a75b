"""Signing in with the organisation's own accounts, by OpenID Connect."""
