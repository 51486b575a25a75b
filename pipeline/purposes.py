"""For what moments of a family are used; what each means, and on what basis, is configs/consent.toml's to say."""

from __future__ import annotations

from enum import StrEnum


class Purpose(StrEnum):
    """One permitted use; to each everybody who can be seen or heard agrees by itself."""

    SHARED_REVIEW = "shared_review"
    PICTURE_NOTES = "picture_notes"
    SUPERVISION = "supervision"
    INTERVISION = "intervision"
    TRAINING = "training"
    RESEARCH = "research"
    COURT = "court"
