"""What the service remembers, and its bytes. No web and no queue."""
