"""Which stretches of the stored pictures a moment is made of: one, unless an edit list joins several in it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

from pipeline.errors import FilmUnreadable, MomentOutsideFilm
from pipeline.source.demux import decode, open_container, video_stream
from pipeline.source.film import Film
from pipeline.source.frames import Span, find_shown, find_span, moment_outside, places_to_begin, seek_to
from pipeline.times import clock


@dataclass(frozen=True)
class Stretch:
    """Frames that follow one another in the file as it is stored, and when they are seen."""

    film: Film
    """The film, or the piece of it that they lie in."""
    span: Span
    start: Fraction
    """In seconds on the film's clock."""
    end: Fraction

    @cached_property
    def times(self) -> tuple[Fraction, ...]:
        """When each frame is first seen, in seconds on the film's clock."""
        return (self.start, *(self.film.seconds_at(pts) for pts in self.span.pts[1:]))

    @property
    def rate(self) -> Fraction:
        """Seconds of the media a second of the film."""
        return self.film.view.rate if self.film.view else Fraction(1)

    def only(self, pts: tuple[int, ...]) -> Stretch:
        """The same with only these of its frames, to its end."""
        if pts[0] == self.span.pts[0]:
            return replace(self, span=replace(self.span, pts=pts))
        return replace(self, span=replace(self.span, pts=pts, from_pts=None), start=self.film.seconds_at(pts[0]))


def find_stretches(film: Film, in_ms: int, out_ms: int) -> tuple[Stretch, ...]:
    """The frames of a moment, in one stretch unless the film's edit list joins several in it.

    Raises: MomentOutsideFilm where there is none, FilmUnreadable.
    """
    if not film.timeline:
        span = find_span(film, in_ms, out_ms)
        return (Stretch(film, span, film.seconds_at(span.start_pts), film.seconds_at(span.end_pts)),)
    begin, end = Fraction(in_ms, 1000), Fraction(min(out_ms, film.duration_ms), 1000)
    found: list[Stretch] = []
    for piece, view in film.views():
        piece_end = end if piece.end is None else min(piece.end, end)
        if piece.start >= end or piece_end <= begin:
            continue
        if not piece.rate:
            found.append(Stretch(view, _standing(view), max(piece.start, begin), piece_end))
            continue
        with suppress(MomentOutsideFilm):  # a piece may be shorter than a frame
            span = find_span(view, in_ms, out_ms)
            found.append(Stretch(view, span, max(view.seconds_at(span.start_pts), piece.start), piece_end))
    if not found:
        raise moment_outside(film, f"from {clock(in_ms)} to {clock(out_ms)}")
    ends = [after.start for after in found[1:]] + [max(found[-1].end, found[-1].times[-1] + Fraction(1, 1000))]
    return tuple(replace(stretch, end=until) for stretch, until in zip(found, ends, strict=True))


def find_on_screen(film: Film, at_ms: int) -> tuple[Film, Span]:
    """The one frame on screen at ``at_ms``, and the film, or the piece of it, that it lies in.

    Raises: MomentOutsideFilm, FilmUnreadable.
    """
    at = Fraction(at_ms, 1000)
    for piece, view in reversed(film.views()):
        if piece.start <= at:
            with suppress(MomentOutsideFilm):  # nothing new is shown yet: what came before stands
                return view, find_shown(view, at_ms) if piece.rate else _standing(view)
    return film, find_shown(film, at_ms)


def _standing(view: Film) -> Span:
    """The one frame that stands while a piece lasts."""
    assert view.view is not None  # noqa: S101  only pieces stand
    low = view.view.from_pts
    with open_container(view.path, as_stored=True) as container:
        stream = video_stream(container, view.video.stream_index)
        for place in places_to_begin(view, low):
            seek_to(container, stream, place)
            times: list[int] = []
            for frame in decode(container, stream):
                if frame.pts is not None and frame.pts > low:
                    break
                times += [frame.pts] if frame.pts is not None else []
            if times:
                return Span((max(times),), low + 1, min(times))
    raise FilmUnreadable("no frame can be decoded where one stands")
