"""What the service keeps, who may see it and what leaves, told from the settings in force: nothing of it is secret."""
