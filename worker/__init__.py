"""Runs jobs, heals the queue, keeps the clocks."""
