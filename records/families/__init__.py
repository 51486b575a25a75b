"""Families: whose each is, with whom it is shared, and so who may see what."""
