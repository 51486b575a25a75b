"""A film that a phone could have written, drawn by ffmpeg: moving picture, its time on it, and speech-like sound."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.moments import Clip, Selection, Still
from pipeline.run.orders import FilmMeasured

SECONDS = 120
_VOICE = "+".join(f"sin(2*PI*{n}*(150+25*sin(2*PI*0.4*t))*t)/{n}" for n in range(1, 9))
_SYLLABLES = "pow(max(0,sin(2*PI*1.9*t)),0.6)"
_TURNS = "gt(sin(2*PI*t/7),-0.4)"
_LONGEST_CLIP_MS = 6_000
_SHORTEST_FILM_MS = 4000
_CAPTIONS = (
    ("Ella looks up. Mum waits.", "being-attentive"),
    ("Mum says what Ella is doing.", "receiving-initiatives"),
    ("They both laugh.", "developing-attuned-interactions"),
    ("Ella shows the next piece. Mum smiles.", "encouraging-initiatives"),
)


def draw_film(
    path: Path, seconds: int = SECONDS, *, runner: FfmpegRunner, on_progress: Callable[[float], None] | None = None
) -> Path:
    """A film of 1080 lines, 30 frames and about 17 Mbit a second, with a key frame each second, as phones write it."""
    picture = f"testsrc2=size=1920x1080:rate=30:duration={seconds}"
    sound = f"aevalsrc=exprs='0.12*({_VOICE})*{_SYLLABLES}*{_TURNS}':sample_rate=48000:duration={seconds}"
    encoding = "-pix_fmt yuv420p -c:v libx264 -preset ultrafast -crf 20 -g 30 -c:a aac -b:a 128k -movflags +faststart"
    runner.run(
        ["-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", sound, *encoding.split(), str(path)],
        timeout_s=60 + 30 * seconds,
        on_progress=(lambda done_s: on_progress(min(1.0, done_s / seconds))) if on_progress else None,
    )
    return path


def choose_moments(film: FilmMeasured) -> Selection:
    """Four clips and two stills, spread over the film; one clip of all of it where it is shorter than four seconds."""
    long_enough = film.duration_ms >= _SHORTEST_FILM_MS
    length_ms = min(_LONGEST_CLIP_MS, film.duration_ms // 8) if long_enough else film.duration_ms
    starts = [film.duration_ms * eighth // 8 for eighth in (1, 3, 4, 6)] if long_enough else [0]
    clips = [
        Clip(in_ms=start, out_ms=start + length_ms, caption=caption, principle=principle)
        for start, (caption, principle) in zip(starts, _CAPTIONS, strict=False)
    ]
    stills = [
        Still(at_ms=clips[0].in_ms + length_ms // 2, caption="Ella looks up. Mum waits."),
        Still(at_ms=clips[-1].in_ms + length_ms // 2, caption="Ella shows the next piece.", exact=False),
    ]
    return Selection(
        family="K-104",
        cycle=1,
        helping_question="How can we enjoy playing together?",
        working_points=("Wait a little longer",),
        clips=tuple(clips),
        stills=tuple(stills),
    )
