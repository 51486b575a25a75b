"""What event streams tell: asked for once in a process, however many watch."""
