"""Media work: files in, files out. No web, no queue, no database, no environment."""
