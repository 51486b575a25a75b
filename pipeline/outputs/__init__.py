"""Kinds of output: one folder for each, and what they share."""
