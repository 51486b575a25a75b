"""What a worker does for one job."""
