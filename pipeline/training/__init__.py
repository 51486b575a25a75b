"""Documents of a guider's training: logbook and rating scale."""
