"""A simulated year of everything together; see machine.py."""
