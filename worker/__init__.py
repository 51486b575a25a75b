"""Runs jobs, recovers lost jobs, keeps the clocks."""
