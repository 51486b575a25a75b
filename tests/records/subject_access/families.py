"""A family with something in every table that has rows of families, and a marker in all its words and files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from pipeline.closing_notes import ReviewWords
from pipeline.marks import Covers, Mark
from records.accounts.principal import SHARED_GUIDER_ACCOUNT
from records.audit.actions import Action
from records.audit.log import note
from records.consent.check import Said
from records.copies.links import add_link
from records.copies.register import Carrier, add_copy
from records.database import Database
from records.documents import ErasedCounts, FamilyPerson, MomentFacts
from records.models import (
    ArtifactRow,
    ArtworkRow,
    ConsentFormRow,
    ConsentRow,
    ErasureCertificateRow,
    FamilyRetentionRow,
    FamilyRow,
    FamilyShareRow,
    HandOverRow,
    HidingRow,
    LogbookClientRow,
    LogbookCycleRow,
    MomentState,
    NoticeRow,
    OutputSourceRow,
    RatingRow,
    RetentionHoldRow,
    SelectionRow,
    WithheldRow,
    WordsRow,
    new_id,
    utcnow,
)
from records.settings import Settings
from records.storage.contract import Stored
from records.storage.open import open_storage
from tests.records.cast import EVERYBODY_HERE, add_selection, complete_upload


@dataclass(frozen=True)
class Family:
    """What a test has to know of it."""

    id: str
    code: str
    marker: str
    selection_id: str
    people: tuple[FamilyPerson, ...]
    """A mother and a child."""
    moments: tuple[str, ...]
    """A clip, a clip in which somebody is hidden and which nobody has confirmed, and a still."""
    upload_id: str


def fill_family(db: Database, settings: Settings, folder: Path, code: str, marker: str) -> Family:
    """A family with one review that is ready."""
    shape: dict[str, Any] = {
        "family": code,
        "cycle": 2,
        "helping_question": f"{marker} asks",
        "working_points": [f"{marker} waits"],
        "clip": [
            {"in": 0, "out": 1000, "caption": f"{marker} <b>looks</b>"},
            {"in": 2000, "out": 3000, "caption": f"{marker} hides"},
        ],
        "still": [
            {
                "at": 5000,
                "caption": f"{marker} shows",
                "principle": "receiving-initiatives",
                "drawings": [{"kind": "arrow", "x1": 0.9, "y1": 0.9, "x2": 0.1, "y2": 0.1}],
            }
        ],
    }
    made = add_selection(
        db, shape, outputs=("review_pack", "rating_scale"), recipes={"review_pack": {"title": f"{marker} in a pack"}}
    )
    storage = open_storage(settings)

    def put(key: str, what: str) -> Stored:
        path = folder / new_id()
        path.write_bytes(f"{marker}, {what}\n".encode() * 200)
        stored = storage.put(path, key)
        path.unlink()
        return stored

    film = put(f"selections/{made}/uploads/a", "film")
    upload_id = new_id()
    complete_upload(db, made, storage_key=film.key, sha256=film.sha256, upload_id=upload_id)
    with db.session() as session:
        selection = session.get_one(SelectionRow, made)
        family = session.get_one(FamilyRow, selection.family_id)
        family.people = tuple(FamilyPerson(id=new_id(), role=role, initials="Z") for role in ("mother", "child"))
        its, now = {"family_id": family.id}, utcnow()

        def file(kind: str, name: str, media_type: str, moment_id: str | None = None) -> ArtifactRow:
            stored = put(f"selections/{made}/jobs/1/{new_id()}/{name}", name)
            return ArtifactRow(
                selection_id=made, moment_id=moment_id, kind=kind, name=name, storage_key=stored.key,
                media_type=media_type, bytes=stored.bytes, sha256=stored.sha256,
            )  # fmt: skip

        clip, hidden, still = selection.moments
        for moment in (clip, still):
            moment.state, moment.facts, moment.upload_id = MomentState.READY, MomentFacts(in_ms=0), upload_id
        hidden.state = MomentState.UNCONFIRMED
        session.add(file("clip", "01.mp4", "video/mp4", clip.id))
        session.add(file("still", "01.jpg", "image/jpeg", still.id))
        session.add(file("review_pack", "review-pack.zip", "application/zip"))
        session.add(file("rating_scale", "rating.pdf", "application/pdf"))
        covered = put(f"selections/{made}/withheld/1", "withheld")
        for output in selection.outputs:
            output.made_at = now
        pack = next(one for one in selection.outputs if one.kind == "review_pack")
        for one in (clip, still):
            session.add(OutputSourceRow(output_id=pack.id, selection_id=made, moment_id=one.id))
        artwork, form = (
            put(key, "photo") for key in (f"selections/{made}/artwork/1", f"families/{family.id}/forms/1.jpg")
        )
        form_row = ConsentFormRow(
            **its, storage_key=form.key, media_type="image/jpeg", bytes=form.bytes, sha256=form.sha256
        )
        session.add(form_row)
        session.flush()
        mother, child = family.people
        client = LogbookClientRow(guider="g", family=code, **its)
        copy = add_copy(
            session, EVERYBODY_HERE, selection, "review_pack", Carrier.LINK, purpose="shared_review",
            to_whom=f"{marker} aunt", reason=f"{marker} asked for it",
        )  # fmt: skip
        add_link(session, copy.id)
        by = SHARED_GUIDER_ACCOUNT
        session.add_all(
            [
                client,
                WordsRow(
                    selection_id=made, revision="1", saved_at=now,
                    words=ReviewWords(
                        kind="vigpack-words", review=made, written_at=datetime.now(UTC), plan=(f"{marker} plays",)
                    ),
                ),
                ArtworkRow(
                    selection_id=made, words=f"{marker} drew it", storage_key=artwork.key, bytes=artwork.bytes,
                    sha256=artwork.sha256, width_px=1, height_px=1,
                ),
                *(
                    ConsentRow(
                        **its, person_id=one.id, purpose="shared_review", said=Said.AGREED, basis="consent",
                        given_by=f"{marker} {one.role}", own_words=f"{marker} says {one.role}",
                        said_on=date(2026, 11, 1),
                        form_id=form_row.id, recorded_by=by,
                    )
                    for one in (mother, child)
                ),
                FamilyShareRow(**its, account_id=by, kind="colleague", by=by, reason=f"{marker} share"),
                HandOverRow(**its, from_account_id=by, to_account_id=by, by=by, reason=f"{marker} hand over"),
                NoticeRow(**its, account_id=by, kind="share", subject_id=new_id()),
                FamilyRetentionRow(**its, schedule=""),
                RetentionHoldRow(**its, reason=f"{marker} hold", review_on=date(2026, 12, 1), by=by),
                ErasureCertificateRow(
                    **its, owner_account_id=by, by=by, cause="asked", counts=ErasedCounts(), finished_at=now
                ),
                HidingRow(moment_id=hidden.id, selection_id=made, marks=(Mark(at_ms=2000, covers=Covers.WHOLE),)),
                WithheldRow(
                    moment_id=hidden.id, part="finished", selection_id=made, name="02.mp4", storage_key=covered.key,
                    media_type="video/mp4", bytes=covered.bytes, sha256=covered.sha256,
                ),
                RatingRow(selection_id=made, rater="R-1", answers={"4.1": 3}),
            ]
        )  # fmt: skip
        session.flush()
        session.add(LogbookCycleRow(client_id=client.id, cycle=2, role="guider"))
        note(session, EVERYBODY_HERE, Action.VIEW, selection_id=made)
        return Family(
            family.id, code, marker, made, family.people, tuple(one.id for one in selection.moments), upload_id
        )
