"""Keys that words and media are sealed with: one for each family and selection, apart from the database."""
