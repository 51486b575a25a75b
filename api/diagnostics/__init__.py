"""What the service knows of itself: checks, health, recent log, incident report."""
