"""What changes rows on somebody's behalf: each action is one transaction."""
