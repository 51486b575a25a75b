"""Who agreed to what: what is needed for each purpose, and what is missing."""
