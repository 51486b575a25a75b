"""Where selections, moments, uploads and jobs stand."""

from __future__ import annotations

from enum import StrEnum


class SelectionState(StrEnum):
    """Where a selection stands: waiting for bytes, being worked on, all there, or stopped by a failure."""

    RECEIVING = "receiving"
    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class MomentState(StrEnum):
    """Where one moment stands."""

    AWAITING_UPLOAD = "awaiting_upload"
    QUEUED = "queued"
    RUNNING = "running"
    UNCONFIRMED = "unconfirmed"
    """Somebody is to be hidden in it, and a person has to look at every picture before it is ready."""
    READY = "ready"
    FAILED = "failed"


class JobState(StrEnum):
    """The life of a job: queued, perhaps put on hold, running under a lease, then one of three ends."""

    QUEUED = "queued"
    HELD = "held"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class UploadState(StrEnum):
    """The life of an upload: bytes are coming, or all are there and hashed."""

    RECEIVING = "receiving"
    COMPLETE = "complete"
