"""How the tables came to their shape, step by step."""
