"""What ``vigpack demo`` is made of: a drawn film, moments to choose, and a client that sends as the page does."""
