"""Tables of selections, their moments and files."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from pipeline.closing_notes import ReviewWords
from pipeline.moments import Clip, Selection, Still
from records.clock import utcnow
from records.documents import ClipTimes, MomentFacts, StatedFilm, StillTimes
from records.keys.store import KeyKind
from records.models.base import Base, Json, new_id
from records.models.erasable import Erasable
from records.models.sealed import SealedJson, SealedText
from records.states import MomentState, SelectionState

if TYPE_CHECKING:
    from records.keys.ring import KeyRing
    from records.models.outputs import OutputRow


def _no_words() -> ReviewWords:
    return ReviewWords(kind="vigpack-words", review="0" * 32, written_at=datetime.fromtimestamp(0, UTC))


class SelectionRow(Erasable, Base):
    """What one guider chose from one film."""

    __tablename__ = "selections"
    __table_args__ = (
        Index("ix_selections_begun_by", "begun_by", "created_at"),
        Index("ix_selections_created_at", "created_at", "id"),
        Index("ix_selections_family_id_created_at", "family_id", "created_at", "id"),
        # The few that are being erased.
        Index(
            "ix_selections_erasing_at",
            "erasing_at",
            sqlite_where=text("erasing_at IS NOT NULL"),
            postgresql_where=text("erasing_at IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    state: Mapped[str] = mapped_column(String(16), default=SelectionState.RECEIVING)
    family_id: Mapped[str] = mapped_column(ForeignKey("families.id"))
    family: Mapped[str] = mapped_column(SealedText("selections.family", KeyKind.SELECTION, "id"))
    """The family's code, to be read; what belongs together, and who may see it, is asked of ``family_id``."""
    cycle: Mapped[int]
    preset: Mapped[str] = mapped_column(String(32))
    shape: Mapped[Selection] = mapped_column(
        SealedJson(
            "selections.shape", KeyKind.SELECTION, "id", Selection, partial(Selection.model_construct, family="")
        )
    )
    """The selection as it came, in the shape of moments.toml."""
    film: Mapped[StatedFilm] = mapped_column(Json(StatedFilm))
    whole_film: Mapped[bool]
    """True when all moments are cut from one upload."""
    guider: Mapped[str | None] = mapped_column(String(64))
    """The account that sent it; of an account that several share, a random code that the page makes once in each
    browser. It shares out the workers' time and tells whose logbook it counts in."""
    begun_by: Mapped[str | None] = mapped_column(String(32))
    """Whose it counts as among what one person has open at once: a hash that tells persons apart and names none."""
    review_on: Mapped[date | None]
    """The day of the shared review, where the guider said it."""
    revision: Mapped[int] = mapped_column(default=0)
    """How often what was chosen for all of it was corrected: the question, the points, the cycle, the order."""
    ready_at: Mapped[datetime | None]
    """When the last of its outputs was finished."""
    key_made_at: Mapped[datetime | None]
    """When it was given its key; None: it is from before there were any."""

    def make_key(self, ring: KeyRing) -> None:
        """Give it its key; called when it is added. Raises: KeyGone."""
        ring.make_selection(self.family_id, self.id)
        self.key_made_at = utcnow()

    moments: Mapped[list[MomentRow]] = relationship(
        back_populates="selection", order_by="MomentRow.position", cascade="all, delete-orphan", passive_deletes=True
    )
    outputs: Mapped[list[OutputRow]] = relationship(
        back_populates="selection", order_by="OutputRow.position", cascade="all, delete-orphan", passive_deletes=True
    )


class MomentRow(Base):
    """One clip or still of a selection."""

    __tablename__ = "moments"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    """From 0, in the order of the review: clips first, then stills."""
    kind: Mapped[str] = mapped_column(String(8))
    """clip or still."""
    moment: Mapped[Clip | Still] = mapped_column(
        SealedJson("moments.moment", KeyKind.SELECTION, "selection_id", Clip | Still, partial(Still, at_ms=0))
    )
    """On the film's clock."""
    cut: Mapped[ClipTimes | StillTimes | None] = mapped_column(Json(ClipTimes | StillTimes))
    """When the same moment is on the clock of its own upload; None: the upload is the whole film."""
    upload_id: Mapped[str | None] = mapped_column(ForeignKey("uploads.id", ondelete="SET NULL"))
    state: Mapped[str] = mapped_column(String(20), default=MomentState.AWAITING_UPLOAD)
    people: Mapped[tuple[str, ...] | None] = mapped_column(Json(tuple[str, ...]))
    """The ids of those of the family who can be seen or heard in it; None: everybody of the family."""
    revision: Mapped[int] = mapped_column(default=0)
    """How often its words were corrected."""
    facts: Mapped[MomentFacts | None] = mapped_column(Json(MomentFacts))
    """Of the finished file."""

    selection: Mapped[SelectionRow] = relationship(back_populates="moments")


class ArtifactRow(Base):
    """A finished file that is in storage, complete and hashed."""

    __tablename__ = "artifacts"
    __table_args__ = (UniqueConstraint("selection_id", "kind", "name"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    moment_id: Mapped[str | None] = mapped_column(ForeignKey("moments.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(32))
    """clip, still, or a kind of output."""
    name: Mapped[str] = mapped_column(String(100))
    """The name it is handed out under: 01.mp4, review-pack.zip, picture-notes.pdf."""
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    media_type: Mapped[str] = mapped_column(String(100))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class ArtworkRow(Base):
    """A photograph of what a child made, kept with a selection and erased with it."""

    __tablename__ = "artwork"

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=new_id)
    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    words: Mapped[str] = mapped_column(SealedText("artwork.words", KeyKind.SELECTION, "selection_id"), default="")
    """The child's own."""
    storage_key: Mapped[str] = mapped_column(String(200), unique=True)
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    width_px: Mapped[int]
    height_px: Mapped[int]


class WordsRow(Base):
    """What was written on the closing cards of a review; the last who saved won."""

    __tablename__ = "words"

    selection_id: Mapped[str] = mapped_column(ForeignKey("selections.id", ondelete="CASCADE"), primary_key=True)
    words: Mapped[ReviewWords] = mapped_column(
        SealedJson("words.words", KeyKind.SELECTION, "selection_id", ReviewWords, _no_words)
    )
    revision: Mapped[str] = mapped_column(String(32))
    """Another one with each saving."""
    saved_at: Mapped[datetime]
