"""Selections that begin at one instant."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from pipeline.moments import parse_selection
from pipeline.purposes import Purpose
from records.actions.create import begin_selection, compose_selection
from records.documents import StatedFilm, Statement
from records.settings import Settings
from tests.databases import make_tables
from tests.effects import open_alone
from tests.records.cast import EVERYBODY_HERE, K_207
from tests.records.consent.family import CHILD

AT_ONCE, TIMES = 4, 5


def test_several_of_one_family_that_say_who_agreed_begin_at_one_instant(tmp_path: Path, postgres_url: str) -> None:
    """They wait one after the other for the family; having put a row under it first, they would wait for each other."""
    settings = Settings(data_dir=tmp_path / "data", database_url=postgres_url, min_free_bytes=0)
    make_tables(settings)
    db = open_alone(settings)
    together = Barrier(AT_ONCE, timeout=60)
    agreed = [Statement(person=CHILD, purposes=tuple(Purpose), agrees=True)]

    def begin(_: int) -> str:
        selection = parse_selection(K_207)
        film = StatedFilm(bytes=1_000_000, duration_ms=10_000)
        asked = compose_selection(selection, [None], film, "review", ["review_pack"], whole_film=True)
        together.wait()
        return begin_selection(db, settings, EVERYBODY_HERE, asked, agreed=agreed)

    with ThreadPoolExecutor(AT_ONCE) as guiders:
        begun = list(guiders.map(begin, range(AT_ONCE * TIMES)))
    assert len(set(begun)) == AT_ONCE * TIMES
    db.dispose()
