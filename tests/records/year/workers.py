"""What workers do in a year: they begin a job, and hand in what they made while others act in between."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)
from sqlalchemy import select

from pipeline.outputs.kinds import find_kind, parse_recipe
from pipeline.purposes import Purpose
from records.actions.complete_job import fail, finish
from records.actions.erase import artifact_folder
from records.consent.check import ConsentMissing
from records.consent.uses import require_moment, require_output
from records.documents import MomentFacts
from records.errors import LeaseLost
from records.keys.errors import KeyGone
from records.ledger.jobs import Claim, claim_next
from records.ledger.outputs import Source, find_output, note_sources
from records.ledger.selections import lock_selection
from records.models import (
    ArtifactRow,
)
from records.views.output_inputs import gather_inputs
from tests.records.year.expected import (
    NOTES,
    SHARED,
    Film,
    Made,
    Work,
    everybody,
)
from tests.records.year.service import Service


class Workers(Service):
    """Up to three at once."""

    @rule()
    @precondition(lambda self: len(self.work) < 3)
    def a_worker_takes_a_job(self) -> None:
        claim = None
        with self.dying():
            claim = claim_next(self.db, "w", self.settings)
        if claim is None:
            return
        family, film = self._film(claim.selection_id)
        with self.dying() as died:
            try:
                made = self._begin(claim, film)
            except ConsentMissing as refused:
                seen = film.seen[claim.moment_id] if claim.moment_id else everybody(film.seen)
                assert any(family.lacks(purpose, seen) for purpose in (SHARED, NOTES))
                fail(self.db, claim, refused, self.settings)
                return
            assert not family.lacks(made.purpose, made.seen)
        if not died:
            self.work.append(Work(claim, film, made))

    @rule(data=st.data())
    @precondition(lambda self: self.work)
    def a_worker_hands_in(self, data: st.DataObject) -> None:
        self._hand_in(data.draw(st.sampled_from(self.work)))

    @rule()
    def workers_do_what_waits(self) -> None:
        for _ in range(6):
            for work in list(self.work):
                self._hand_in(work)
            self.a_worker_takes_a_job()

    def _hand_in(self, work: Work) -> None:
        self.work.remove(work)
        key = artifact_folder(work.claim.selection_id, work.claim.job_id, work.claim.token) + "01"
        media_type = "application/zip" if work.claim.kind == "review_pack" else "image/jpeg"
        file = ArtifactRow(
            kind=work.made.kind, name="01", storage_key=key, media_type=media_type, bytes=1, sha256="0" * 64
        )
        sources = [] if work.claim.moment_id else [Source(work.film.id, one) for one in work.made.moments]
        with self.dying():
            try:
                self._put(key)
                finish(self.db, work.claim, [file], MomentFacts(in_ms=0), sources=sources)
            except (LeaseLost, KeyGone):
                assert work.may_be_lost
                self.storage.delete(key)
            except ConsentMissing as refused:
                family, _ = self._film(work.film.id)
                assert family.lacks(work.made.purpose, work.made.seen)
                self.storage.delete(key)
                try:
                    fail(self.db, work.claim, refused, self.settings)
                except LeaseLost:  # agreement is asked for first
                    assert work.may_be_lost
        with self.db.reading() as session:
            if session.scalar(select(ArtifactRow.id).where(ArtifactRow.storage_key == key)) is None:
                return
        family, film = self._film(work.film.id)  # it is there, or this fails
        assert not family.lacks(work.made.purpose, work.made.seen)
        assert work.made.moments <= set(film.seen)
        before = [one for one, made in film.made.items() if made.is_of_the_same(work.made)]
        for one in before:  # what was made before is replaced, and swept
            del film.made[one]
            self.is_clean = False
        work.made.day = self.today
        film.made[key] = work.made
        if work.claim.moment_id:
            film.ready.add(work.claim.moment_id)

    def _begin(self, claim: Claim, film: Film) -> Made:
        if claim.moment_id is not None:
            with self.db.reading() as session:
                require_moment(session, claim.moment_id)
            kind = "still" if claim.moment_id in film.stills else "clip"
            return Made(SHARED, frozenset({claim.moment_id}), film.seen[claim.moment_id], self.today, kind)
        with self.db.session() as session:
            selection = lock_selection(session, claim.selection_id)
            assert selection is not None
            output = find_output(session, claim.selection_id, claim.kind)
            assert output is not None
            inputs = gather_inputs(session, selection, parse_recipe(find_kind(claim.kind), output.recipe))
            sources = inputs.sources()
            purpose = Purpose(output.purpose)
            require_output(session, claim.kind, purpose, sources)
            note_sources(session, output, sources)
        moments = frozenset(one.moment_id for one in sources if one.moment_id)
        printed = moments & film.stills if claim.kind == "picture_notes" else moments
        seen = everybody({one: film.seen[one] for one in printed})
        return Made(purpose, moments, seen, self.today, claim.kind)
