"""The pieces of a reel as files of one make, encoded side by side, and the reel that is joined from them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray

from pipeline.cut.clips import budget_s
from pipeline.cut.loudness import SAMPLE_RATE_HZ
from pipeline.cut.stills import grab_still
from pipeline.errors import ArtifactWrong
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.outputs.reel.plan import GROUND, Again, Card, Held, Piece, Played, Screen
from pipeline.outputs.reel.words import draw_words
from pipeline.source.demux import film_url
from pipeline.source.film import Film, probe

_AUDIO_KBIT_S = 128
_CRF = 22
_MOST_KBIT_S = {720: 5000, 1080: 10000}
_SOFT_S = 0.02
_END_MS = 500
_LEAST_LUMA = 24


@dataclass(frozen=True)
class Segment:
    """One piece as a file: H.264 and sound as PCM, of exactly so many frames that stand ``slower`` times as long."""

    path: Path
    frames: int
    slower: int = 1


def make_segments(pieces: Sequence[Piece], screen: Screen, folder: Path, *, runner: FfmpegRunner) -> list[Segment]:
    """Every piece in its order; as many at a time as there are processors, one encoder thread each.

    Raises: FfmpegFailed, FfmpegTimedOut, FilmUnreadable, ArtifactWrong.
    """

    def make(number: int, piece: Card | Held | Played) -> Segment:
        part = folder / f"{number:04}.mov"
        timeout_s = _budget_s(piece.frames, screen)
        if isinstance(piece, Played):
            film = probe(piece.clip.path)
            runner.run(played_argv(film, piece, screen, part), timeout_s=timeout_s, hide=film.path)
        else:
            feed = _card(piece, screen) if isinstance(piece, Card) else _held(piece, screen, runner)
            runner.run(paused_argv(piece.frames, screen, part), timeout_s=timeout_s, feed=feed)
        return Segment(part, piece.frames)

    with ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="reel") as pool:
        making = {n: pool.submit(make, n, piece) for n, piece in enumerate(pieces) if not isinstance(piece, Again)}
        try:
            made = {number: future.result() for number, future in making.items()}
        except BaseException:
            for future in making.values():
                future.cancel()
            raise
    for number, piece in enumerate(pieces):
        if isinstance(piece, Again):
            played = max(n for n in range(number) if isinstance(pieces[n], Played))
            made[number] = _make_again(made[played].path, piece, screen, runner)
    return [made[number] for number in range(len(pieces))]


def _make_again(played: Path, piece: Again, screen: Screen, runner: FfmpegRunner) -> Segment:
    part = played.with_suffix(".again.mov")
    runner.run(again_argv(played, piece, screen, part), timeout_s=_budget_s(piece.frames * piece.slower, screen))
    return Segment(part, piece.frames, piece.slower)


def _budget_s(frames: int, screen: Screen) -> float:
    return budget_s(round(1000 * frames / screen.fps))


def _card(piece: Card, screen: Screen) -> Iterator[bytes]:
    from pipeline.outputs.reel import pauses  # moviepy takes 0.4 s to load, which only a reel is worth

    return pauses.card(draw_words(piece.words, screen), screen, at_once=piece.at_once).frames(screen, piece.frames)


def _held(piece: Held, screen: Screen, runner: FfmpegRunner) -> Iterator[bytes]:
    from pipeline.outputs.reel import pauses  # as above

    film = probe(piece.clip.path)
    end_ms = max(0, film.duration_ms - 1)
    last = grab_still(film, end_ms, runner=runner)
    if piece.best_ms is None:
        best = grab_still(film, max(0, end_ms - _END_MS), runner=runner, exact=False, search_ms=_END_MS)
    else:
        best = grab_still(film, min(piece.best_ms, end_ms), runner=runner)
    words = draw_words(piece.words, screen, foot=True) if piece.words else None
    pause = pauses.held(_filling(last.pixels, screen), _filling(best.pixels, screen), words, screen)
    return pause.frames(screen, piece.frames)


def _filling(pixels: NDArray[np.uint8], screen: Screen) -> NDArray[np.uint8]:
    """A frame as RGB in the size in which it fills the screen."""
    height, width = pixels.shape[:2]
    size = screen.fit(width, height)
    filling = pixels if size == (width, height) else cv2.resize(pixels, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(filling, np.uint8)[:, :, ::-1]


def played_argv(film: Film, piece: Played, screen: Screen, part: Path) -> list[str]:
    """The arguments of ffmpeg that make a stretch of a moment, at full speed or slower."""
    source = ffmpeg.input(film_url(film.path), threads=1, protocol_whitelist="file", format_whitelist="mov")
    picture = source[str(film.video.stream_index)]
    if piece.slower > 1:
        picture = picture.filter("setpts", f"{piece.slower}*PTS")
    size = screen.fit(film.video.width_px, film.video.height_px)
    if size != (film.video.width_px, film.video.height_px):
        picture = picture.filter("scale", *size, flags="bicubic")
    if size != (screen.width_px, screen.height_px):
        picture = picture.filter("pad", screen.width_px, screen.height_px, "(ow-iw)/2", "(oh-ih)/2", color=GROUND)
    sound = _silence() if piece.silent or film.audio is None else _sound(source, film.audio.stream_index, piece)
    return _segment_argv(picture, sound, piece.frames, screen, part)


def paused_argv(frames: int, screen: Screen, part: Path) -> list[str]:
    """The arguments of ffmpeg that make a pause from RGB frames on its standard input; the last of them stays."""
    options = {"format": "rawvideo", "pix_fmt": "rgb24", "framerate": str(screen.fps), "protocol_whitelist": "pipe"}
    source = ffmpeg.input("pipe:0", s=f"{screen.width_px}x{screen.height_px}", **options)
    picture = source.filter("scale", out_color_matrix="bt709", out_range="tv", flags="accurate_rnd+full_chroma_int")
    return _segment_argv(picture, _silence(), frames, screen, part)


def _segment_argv(picture: Any, sound: Any, frames: int, screen: Screen, part: Path) -> list[str]:
    """Whatever comes in, as exactly so many frames of one make, so that the pieces can be joined without encoding."""
    picture = picture.filter("fps", fps=str(screen.fps), start_time=0)
    picture = picture.filter("tpad", stop=-1, stop_mode="clone").filter("trim", end_frame=frames)
    picture = picture.filter("format", "yuv420p").filter("setsar", "1")
    picture = picture.filter(
        "setparams", range="tv", color_primaries="bt709", color_trc="bt709", colorspace="bt709", field_mode="prog"
    )
    sound = _fill(sound, frames / screen.fps)
    most = _MOST_KBIT_S[screen.height_px]
    options: dict[str, Any] = {
        "format": "mov", "c:v": "libx264", "preset": "veryfast", "crf": _CRF, "profile:v": "high", "level": "4.0",
        "maxrate": f"{most}k", "bufsize": f"{most}k", "g": 2 * round(screen.fps), "r": str(screen.fps),
        "fps_mode": "cfr", "threads": 1, "a53cc": 0, "bsf:v": "filter_units=remove_types=6", "c:a": "pcm_s16le",
        "map_metadata": -1, "fflags": "+bitexact", "flags:v": "+bitexact", "filter_complex_threads": 1,
    }  # fmt: skip
    return list(ffmpeg.output(picture, sound, str(part), **options).get_args())


def again_argv(played: Path, piece: Again, screen: Screen, part: Path) -> list[str]:
    """The arguments of ffmpeg that let the pictures of a segment stand longer: copied, with other times."""
    options = {"format": "mov", "protocol_whitelist": "file"}
    pictures = ffmpeg.input(film_url(played), itsscale=piece.slower, **options)["v:0"]
    sound = _silence() if piece.silent else _drawn_out(ffmpeg.input(film_url(played), **options)["a:0"], piece.slower)
    kept = {"format": "mov", "c:v": "copy", "c:a": "pcm_s16le", "fflags": "+bitexact", "filter_complex_threads": 1}
    sound = _fill(sound, piece.slower * piece.frames / screen.fps)
    return list(ffmpeg.output(pictures, sound, str(part), **kept).get_args())


def _fill(sound: Any, length: Fraction) -> Any:
    """Sound of exactly that length in seconds, as every segment has it."""
    samples = round(length * SAMPLE_RATE_HZ)
    sound = sound.filter("aformat", channel_layouts="stereo", sample_rates=SAMPLE_RATE_HZ, sample_fmts="s16")
    return sound.filter("apad", whole_len=samples).filter("atrim", end_sample=samples)


def _drawn_out(sound: Any, slower: int) -> Any:
    while slower > 1:
        sound = sound.filter("atempo", 0.5)
        slower //= 2
    return sound


def _silence() -> Any:
    return ffmpeg.input(f"anullsrc=r={SAMPLE_RATE_HZ}:cl=stereo", format="lavfi")


def _sound(source: Any, index: int, piece: Played) -> Any:
    """The moment's sound, drawn out without changing its pitch where the picture is slower; its ends are softened."""
    sound = source[str(index)].filter("aresample", SAMPLE_RATE_HZ, **{"async": 1, "first_pts": 0})
    sound = _drawn_out(sound, piece.slower)
    end_s = (piece.clip.duration_ms or 0) * piece.slower / 1000
    sound = sound.filter("afade", type="in", duration=_SOFT_S)
    return sound.filter("afade", type="out", start_time=f"{end_s - _SOFT_S:.3f}", duration=_SOFT_S)


def join(segments: Sequence[Segment], part: Path, *, runner: FfmpegRunner) -> Path:
    """The reel at ``part``: the pictures are taken over as they are, the sound is encoded in one go.

    Raises: FfmpegFailed, FfmpegTimedOut.
    """
    listing = part.with_name("pieces.txt")
    listing.write_text("".join(f"file {segment.path.name}\n" for segment in segments), encoding="ascii")
    runner.run(joined_argv(listing, part), timeout_s=600)
    return part


def joined_argv(listing: Path, part: Path) -> list[str]:
    """The arguments of ffmpeg that join the files of a list that lies beside them."""
    source = ffmpeg.input(str(listing), format="concat", protocol_whitelist="file")
    options: dict[str, Any] = {
        "format": "mp4", "c:v": "copy", "c:a": "aac", "b:a": f"{_AUDIO_KBIT_S}k", "map_metadata": -1,
        "map_chapters": -1, "fflags": "+bitexact", "flags:a": "+bitexact", "movflags": "+faststart",
    }  # fmt: skip
    return list(ffmpeg.output(source["v:0"], source["a:0"], str(part), **options).get_args())


def verify_reel(path: Path, screen: Screen, segments: Sequence[Segment]) -> None:
    """Make sure that a reel holds each of its frames, plays everywhere, tells nothing of itself and is never black.

    Raises: ArtifactWrong.
    """
    try:
        with av.open(film_url(path), options={"protocol_whitelist": "file"}) as container:
            video, audio = container.streams.video[0], container.streams.audio[0]
            length_s = float(sum(segment.frames * segment.slower for segment in segments) / screen.fps)
            first = next(container.decode(video))
            wrong = {
                "codecs": (video.codec_context.name, audio.codec_context.name) != ("h264", "aac"),
                "pixels": (first.format.name, first.width, first.height)
                != ("yuv420p", screen.width_px, screen.height_px),
                "frames": video.frames != sum(segment.frames for segment in segments),
                "streams": len(container.streams) != 2,
                "duration": abs((container.duration or 0) / av.time_base - length_s) > 1 / float(screen.fps),
                "metadata": bool(set(container.metadata) - {"major_brand", "minor_version", "compatible_brands"}),
                "order on disk": not _index_comes_first(path),
            }
            container.seek(container.duration or 0, backward=True)
            last = list(container.decode(video))[-1]
            wrong["first picture"], wrong["last picture"] = (_is_black(frame) for frame in (first, last))
    except (av.error.FFmpegError, StopIteration, IndexError, OSError) as error:
        raise ArtifactWrong(f"the reel cannot be read back: {error!r}") from None
    if any(wrong.values()):
        raise ArtifactWrong(f"the reel is wrong in: {', '.join(name for name, is_wrong in wrong.items() if is_wrong)}")


def _is_black(frame: av.VideoFrame) -> bool:
    return float(frame.to_ndarray(format="gray").mean()) < _LEAST_LUMA


def _index_comes_first(path: Path) -> bool:
    """Whether the index stands before the pictures, so that a player can begin before it has the whole file."""
    with path.open("rb") as file:
        while head := file.read(8):
            if head[4:] in (b"moov", b"mdat"):
                return head[4:] == b"moov"
            file.seek(int.from_bytes(head[:4]) - 8, os.SEEK_CUR)
    return False
