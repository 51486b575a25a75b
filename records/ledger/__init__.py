"""Jobs and all that decides when they run: scheduling, workers, recurring duties, counts of how jobs ended."""
