"""What is read: for guiders, for workers, and for the IT page."""
