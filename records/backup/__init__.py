"""Backups: the database and its files in one sealed folder, and the way back."""
