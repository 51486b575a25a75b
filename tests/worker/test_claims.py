"""What the page said of a film is held against what arrived; nothing is published of a film that is another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import pytest
from sqlalchemy import update

from api.routes.new_selection import NewSelection
from records.documents import ClipTimes
from records.models import MomentRow, SelectionRow, UploadRow
from records.views.selections import SelectionView
from tests.footage import numbered_film
from tests.mp4_boxes import Mp4
from tests.worker.service import Service
from tests.worker.test_tasks import do_all


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Six seconds, 30 numbered pictures of 320 × 240 a second."""
    return numbered_film(tmp_path / "film.mp4", frames=180)


def sent(
    service: Service, film: Path, said: dict[str, Any], ends: dict[str, int] | None = None, **clip: Any
) -> SelectionView:
    """A selection of one clip, prepared of that film after that was said of it; with ``cut`` the film is its own.

    ends: other ones that were asked for later, on the cut's clock.
    """
    whole = "cut" not in clip
    facts = {"bytes": film.stat().st_size, **said}
    new = NewSelection.model_validate({"family": "K-104", "film": facts, "whole_film": whole, "clip": [clip]})
    selection_id, jobs = service.send_film(film, {"family": "K-104", "clip": [{n: clip[n] for n in ("in", "out")}]})
    with service.db.session() as session:
        session.execute(update(SelectionRow).values(film=new.stated_film(), whole_film=whole))
        if not whole:
            [moment] = service.view(selection_id).moments
            session.execute(update(MomentRow).values(cut=ClipTimes.model_validate(ends or clip["cut"])))
            session.execute(update(UploadRow).values(moment_id=moment.id))
    do_all(service, jobs)
    return service.view(selection_id)


def refusal(view: SelectionView) -> str:
    """The sentence with which the only moment was refused; nothing of it may be there."""
    [moment] = view.moments
    assert (moment.state, moment.artifacts) == ("failed", [])
    assert moment.error is not None
    assert moment.error.code == "film_differs"
    return moment.error.sentence


SAME = {"duration_ms": 6000, "width_px": 320, "height_px": 240}


@pytest.mark.parametrize(
    "said",
    [
        SAME,
        {"duration_ms": 6000},
        SAME | {"duration_ms": 6030},
        SAME | {"duration_ms": 5967, "width_px": 322},
        SAME | {"height_px": 120},
        {"duration_ms": 9_000_000},
    ],
    ids=["the same", "no picture", "a picture more", "rounded", "lines of a field", "a guess of one who saw nothing"],
)
def test_a_film_that_is_what_was_said_is_prepared(folder_service: Service, film: Path, said: dict[str, Any]) -> None:
    assert sent(folder_service, film, said, **{"in": 1000, "out": 2000}).moments[0].state == "ready"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (SAME | {"duration_ms": 8000}, "00:00:06.000 long and not 00:00:08.000"),
        (SAME | {"duration_ms": 3500}, "00:00:06.000 long and not 00:00:03.500"),
        (SAME | {"width_px": 640, "height_px": 480}, "320 × 240 px and not 640 × 480"),
        (SAME | {"width_px": 240, "height_px": 320}, "320 × 240 px and not 240 × 320"),
        ({"duration_ms": 6000, "picture": False}, "has a picture"),
    ],
)
def test_a_film_that_is_another_than_was_said_is_refused(
    folder_service: Service, film: Path, said: dict[str, Any], why: str
) -> None:
    assert why in refusal(sent(folder_service, film, said, **{"in": 1000, "out": 2000}))


def test_a_page_that_saw_what_was_trimmed_away_gets_nothing_made(folder_service: Service, film: Path) -> None:
    trimmed = Mp4(film)
    trimmed.set_edits([(2, 3)])
    said = SAME | {"duration_ms": 6000}
    assert "00:00:03.000" in refusal(sent(folder_service, trimmed.write(film), said, **{"in": 0, "out": 1000}))


def test_a_last_picture_that_stands_may_be_counted_or_not(folder_service: Service, tmp_path: Path) -> None:
    path = numbered_film(tmp_path / "f.mp4", frames=30, codec=("-c:v", "libx264", "-bf", "0"), sound=None)
    film = Mp4(path)
    film.let_last_stand(0, 3)
    film.write(path)
    for claimed_ms in (1000, 2500, 3967):
        view = sent(folder_service, path, SAME | {"duration_ms": claimed_ms}, **{"in": 100, "out": 900})
        assert view.moments[0].state == "ready"


CLIP = {"in": 61_000, "out": 62_000}


@pytest.mark.parametrize(
    "cut",
    [
        {"in": 1000, "out": 2000},
        {"in": 1000, "out": 2000, "duration_ms": 6000, "pictures": 30},
        {"in": 5000, "out": 6000, "pictures": 30},
    ],
)
def test_a_cut_that_is_what_was_said_is_prepared(folder_service: Service, film: Path, cut: dict[str, int]) -> None:
    assert sent(folder_service, film, {"duration_ms": 90_000}, **CLIP, cut=cut).moments[0].state == "ready"


@pytest.mark.parametrize(
    ("cut", "why"),
    [
        ({"in": 1000, "out": 2000, "duration_ms": 4000}, "00:00:06.000 long and not 00:00:04.000"),
        ({"in": 1000, "out": 2000, "pictures": 15}, "30 pictures and not 15"),
        ({"in": 5500, "out": 6500}, "ends at 00:00:06.000, before the moment does"),
    ],
)
def test_a_cut_that_is_another_than_was_said_is_refused(
    folder_service: Service, film: Path, cut: dict[str, int], why: str
) -> None:
    assert why in refusal(sent(folder_service, film, {"duration_ms": 90_000}, **CLIP, cut=cut))


def test_a_cut_that_holds_less_than_its_moment_is_refused(folder_service: Service, film: Path) -> None:
    """After three pictures there is a hole of 0.4 s, so some of what was chosen is not in it."""
    late = Mp4(film)
    late.set_edits([(0, 0.1), (-1, 0.4), (2, 3)], 0)
    short = late.write(film.with_name("late.mp4"))
    view = sent(folder_service, short, {"duration_ms": 90_000}, **CLIP, cut={"in": 0, "out": 1000, "pictures": 30})
    assert "18 pictures and not 30" in refusal(view)


def test_other_ends_are_not_held_against_what_was_said_of_the_first(folder_service: Service, film: Path) -> None:
    cut, later = {"in": 1000, "out": 1900, "pictures": 27}, {"in": 1000, "out": 1600}
    view = sent(folder_service, film, {"duration_ms": 90_000}, later, **{"in": 61_000, "out": 61_900}, cut=cut)
    assert view.moments[0].state == "ready"


def test_a_picture_that_cannot_be_decoded_may_be_counted_or_not(folder_service: Service, tmp_path: Path) -> None:
    """A page that copies pictures counts what is stored; the damage itself is told with the clip."""
    codec = ("-c:v", "libvpx", "-deadline", "realtime", "-b:v", "1M", "-g", "60")
    path = numbered_film(tmp_path / "film.webm", frames=180, codec=codec, sound_codec=("-c:a", "libopus"))
    data = bytearray(path.read_bytes())
    at = data.index(stored_picture(path, 50))
    data[at : at + 3] = b"\xff\xff\xff"
    path.write_bytes(bytes(data))
    for pictures, state in ((60, "ready"), (59, "ready"), (61, "failed")):
        cut = {"in": 1000, "out": 3000, "pictures": pictures}
        view = sent(folder_service, path, {"duration_ms": 90_000}, **{"in": 61_000, "out": 63_000}, cut=cut)
        assert view.moments[0].state == state


def stored_picture(path: Path, number: int) -> bytes:
    """The bytes of a stored picture."""
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size][number]
