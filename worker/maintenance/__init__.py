"""Recurring duties of workers: recovery of lost jobs, sweeping, draining."""
