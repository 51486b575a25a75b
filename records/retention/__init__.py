"""Retention: how long what is of a family is kept, what keeps it longer, and what is left to say that it is gone."""
