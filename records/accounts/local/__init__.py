"""Accounts of this service itself: a password, a second factor that cannot be switched off, invitations by link."""
