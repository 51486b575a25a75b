"""What was said of a film before it arrived, held against what arrived: a second net under every cut.

A page and this program read films with different readers. Where they do not mean the same pictures by the same times,
what would be made is not what the guider saw, and may hold what a family cut out; so nothing is made of it.
"""

from __future__ import annotations

from pipeline.claims import Claims
from pipeline.errors import MomentOutsideFilm, PipelineError
from pipeline.moments import Clip, Still
from pipeline.source.demux import open_container, packets, video_stream
from pipeline.source.film import Film
from pipeline.source.frames import one_frame_ms
from pipeline.source.recording import Recording
from pipeline.source.segments import find_on_screen, find_stretches
from pipeline.times import clock

_NEAR_MS = 250
_NEAR_SHARE, _NEAR_PX = 0.03, 8


class FilmDiffers(PipelineError):
    """What arrived is not what was announced, so its moments may be others than those chosen."""

    code = "film_differs"
    for_guider = (
        "What arrived is not what the page showed, so nothing was made of it. "
        "Please open the film again and send the whole film."
    )


def check_claims(film: Film | Recording, claims: Claims) -> None:
    """Nothing, if the film can be the one that was announced.

    Its length may end anywhere in the last picture, which players let stand for as long as they see fit.
    Raises: FilmDiffers, whose sentence says in what; FilmUnreadable.
    """
    if claims.sound_only and isinstance(film, Film):
        raise _differs("It has a picture, and only its sound was heard.")
    if claims.duration_ms is not None:
        near_ms = _NEAR_MS if isinstance(film, Recording) else max(_NEAR_MS, 2 * one_frame_ms(film))
        least_ms = film.duration_ms
        if isinstance(film, Film) and claims.duration_ms < film.duration_ms - near_ms:
            view, last = find_on_screen(film, film.duration_ms - 1)
            least_ms = min(least_ms, view.ms_at(last.pts[0]))
        if not least_ms - near_ms <= claims.duration_ms <= film.duration_ms + near_ms:
            raise _differs(f"It is {clock(film.duration_ms)} long and not {clock(claims.duration_ms)}.")
    if isinstance(film, Film) and claims.width_px and claims.height_px:
        found = film.video.width_px, film.video.height_px
        if not any(_near(claims.width_px, found[0]) and _near(lines, found[1]) for lines in _lines(claims.height_px)):
            size, announced = f"{found[0]} × {found[1]}", f"{claims.width_px} × {claims.height_px}"
            raise _differs(f"Its picture has {size} px and not {announced}.")


def check_moment(film: Film | Recording, moment: Clip | Still, claims: Claims) -> None:
    """Nothing, if a cut of a film holds the moment that it was cut for.

    Raises: FilmDiffers, FilmUnreadable.
    """
    end_ms = moment.out_ms if isinstance(moment, Clip) else moment.at_ms
    late_ms = _NEAR_MS if isinstance(film, Recording) else max(_NEAR_MS, one_frame_ms(film))
    if end_ms > film.duration_ms + late_ms:
        raise _differs(f"It ends at {clock(film.duration_ms)}, before the moment does ({clock(end_ms)}).")
    if claims.pictures is None or not isinstance(moment, Clip) or isinstance(film, Recording):
        return
    try:
        found = find_stretches(film, moment.in_ms, moment.out_ms)
    except MomentOutsideFilm:
        found = ()
    pictures = sum(len(one.span.pts) - (one.span.from_pts is not None) for one in found)
    if claims.pictures not in {pictures, pictures if film.timeline else _stored_pictures(film, moment)}:
        raise _differs(f"The moment shows {pictures} pictures and not {claims.pictures}.")


def _stored_pictures(film: Film, moment: Clip) -> int:
    """How many stored pictures have a time in the moment: as a reader counts that decodes none, damaged ones too."""
    low, high = film.pts_at(moment.in_ms), film.pts_at(moment.out_ms)
    with open_container(film.path) as container:
        stream = video_stream(container, film.video.stream_index)
        times = {p.pts for p in packets(container, stream) if p.pts is not None and p.size and not p.is_discard}
    return sum(low <= pts < high for pts in times)


def check_length(moment: Clip, made_ms: int) -> None:
    """Nothing, if a finished clip is about as long as its moment: none of it was missing in what arrived.

    Raises: FilmDiffers.
    """
    if abs(made_ms - moment.length_ms) > max(2 * _NEAR_MS + 50, moment.length_ms // 50):
        raise _differs(f"{made_ms / 1000:.2f} s of the {moment.length_ms / 1000:.2f} s of the moment arrived.")


def _differs(why: str) -> FilmDiffers:
    return FilmDiffers(why, for_guider=f"{FilmDiffers.for_guider} ({why})")


def _lines(height_px: int) -> tuple[int, ...]:
    """What readers may mean by a height: some count the lines of one of two fields."""
    return height_px, 2 * height_px


def _near(claimed: int, found: int) -> bool:
    return abs(claimed - found) <= max(_NEAR_PX, _NEAR_SHARE * found)
