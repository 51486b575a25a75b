"""A guider's training: logbook and ratings."""
