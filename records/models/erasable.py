"""What is erased in steps: marked first, from when on nobody sees it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped

from records.clock import utcnow


class Erasable:
    """A row that is marked when its erasing begins, and ends with it."""

    erasing_at: Mapped[datetime | None]
    """Set when erasing began: from then on nobody sees it and nothing is added; recovery ends what a crash left."""

    @hybrid_property
    def visible(self) -> bool:
        """Whether it is there for anybody: false once its erasing began. In a query, a condition."""
        return self.erasing_at is None

    @visible.inplace.expression
    @classmethod
    def _visible(cls) -> ColumnElement[bool]:
        return cls.erasing_at.is_(None)

    def begin_erasing(self) -> None:
        """Mark it, in the transaction at hand."""
        self.erasing_at = utcnow()
