"""What of a review a person writes or chooses, and can change after it was sent."""

from __future__ import annotations

from enum import StrEnum


class Written(StrEnum):
    """One part of it: an output that shows a part is out of date once that part is changed."""

    CAPTION = "caption"
    PRINCIPLE = "principle"
    DRAWINGS = "drawings"
    """Arrows, circles and spotlights on the moments."""
    QUESTION = "question"
    WORKING_POINTS = "working_points"
    ORDER = "order"
    """Of the clips, or of the stills."""
    CYCLE = "cycle"
    MOMENTS = "moments"
    """Which moments there are."""
    NOTES = "notes"
    """What was written at the end of the review."""
