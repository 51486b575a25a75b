"""Resumable uploads: offsets in the database, bytes on disk, admission and cleanup."""
