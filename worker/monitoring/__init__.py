"""What is known of the queue's health, and what to do about it."""
