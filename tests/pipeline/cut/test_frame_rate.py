"""How the frames of a film fall into the slots of a constant rate."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from pipeline.cut.frame_rate import clip_rate, fill_slots

MS = Fraction(1, 1000)


def evenly(fps: Fraction, count: int) -> tuple[list[int], int]:
    """Presentation times in ms, rounded as containers round them, and the end."""
    times = [round(n * 1000 / fps) for n in range(count + 1)]
    return times[:-1], times[-1]


def test_times_rounded_to_milliseconds_keep_the_standard_rate() -> None:
    for rate in ("24000/1001", "24", "25", "30000/1001", "30"):
        assert clip_rate(*evenly(Fraction(rate), 90), MS, 30) == Fraction(rate)


def test_a_rate_over_the_ceiling_is_divided_by_a_whole_number() -> None:
    for own, result in [
        ("60", "30"),
        ("50", "25"),
        ("60000/1001", "30000/1001"),
        ("120", "30"),
        ("100", "25"),
        ("48", "24"),
    ]:
        assert clip_rate(*evenly(Fraction(own), 200), MS, 30) == Fraction(result)
        assert clip_rate(*evenly(Fraction(own), 200), MS, 60) <= 60


def test_a_rate_of_its_own_is_kept() -> None:
    assert clip_rate(*evenly(Fraction(15), 60), MS, 30) == 15
    assert clip_rate(*evenly(Fraction(10), 60), MS, 30) == 10


def test_frames_left_out_here_and_there_do_not_change_the_rate() -> None:
    times, end = evenly(Fraction(30000, 1001), 300)
    kept = [time for n, time in enumerate(times) if n % 50 != 7]
    assert clip_rate(kept, end, MS, 30) == Fraction(30000, 1001)


def test_a_very_slow_film_is_repeated_not_stretched() -> None:
    assert clip_rate([0], 1000, MS, 30) == 5
    assert clip_rate([0, 400], 800, MS, 30) == 5
    assert clip_rate([0, 600], 1200, MS, 30) == 5


def test_a_moments_end_at_a_whole_millisecond_does_not_change_the_rate() -> None:
    times = [0, 3000, 6000, 9000, 15000, 18000, 21000]
    assert clip_rate(times, 23_970, Fraction(1, 90_000), 30) == clip_rate(times, 24_000, Fraction(1, 90_000), 30)


def test_a_varying_rate_gets_what_its_faster_frames_need() -> None:
    times = [0, 40, 80, 200, 240, 280, 500, 540, 580, 900]
    assert clip_rate(times, 940, MS, 30) == 25


@given(
    gaps=st.lists(st.integers(1, 400), min_size=1, max_size=60),
    fps=st.sampled_from([Fraction(5), Fraction(24000, 1001), Fraction(25), Fraction(30), Fraction(60)]),
)
def test_the_first_and_the_last_frame_always_have_their_slots(gaps: list[int], fps: Fraction) -> None:
    times = [sum(gaps[:n]) for n in range(len(gaps))]
    slots = fill_slots(times, sum(gaps), MS, fps)
    kept = [n for n in range(len(times)) if not any(begin <= n <= to for begin, to in slots.left_out)]
    assert kept[0] == 0
    assert kept[-1] == len(times) - 1
    assert kept.index(len(times) - 1) == slots.last_frame
    taken = {max(0, -(-(times[n] * MS * fps - Fraction(1, 5)) // 1)): n for n in kept[:-1]}
    last_slot = slots.last_slot if slots.last_slot is not None else -(-(times[-1] * MS * fps - Fraction(1, 5)) // 1)
    if len(times) > 1:
        assert taken[0] == 0
        assert max(taken) <= last_slot <= slots.count - 1
        assert last_slot > 0
