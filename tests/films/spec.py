"""A film made up by a seed: what it is kept in, how it is coded, and what was done to it. Printed, it tells all."""

# ruff: noqa: E501  a table is easiest to read with one case a line
from __future__ import annotations

import random
from dataclasses import dataclass, fields

_H264 = ("h264", "h264", "h264", "h264 open GOPs", "h264 no B-frames", "h264 pyramid", "h264 intra refresh")
PICTURES: dict[str, tuple[str, ...]] = {
    "mp4": (*_H264, *_H264, "hevc", "av1", "vp9", "mpeg4"),
    "mov": (*_H264, "hevc", "mjpeg", "prores"),
    "3gp": ("h264", "h264 no B-frames", "mpeg4"),
    "fragmented.mp4": (*_H264, "hevc", "av1", "vp9"),
    "mkv": (*_H264, "hevc", "vp8", "vp9", "av1", "mpeg4", "ffv1"),
    "webm": ("vp8", "vp9", "av1"),
    "live.webm": ("vp8", "vp9"),
    "ts": ("h264", "h264 no B-frames", "h264 pyramid", "hevc", "mpeg2"),
    "MTS": ("h264", "h264 no B-frames", "h264 pyramid"),
    "avi": ("mpeg4", "mjpeg", "h264 no B-frames"),
    "mpg": ("mpeg2",),
    "flv": ("h264", "h264 no B-frames"),
}
SOUNDS: dict[str, tuple[str, ...]] = {
    "mp4": ("aac", "aac", "aac", "aac 44100", "mp3", "ac3", "opus", "none"),
    "mov": ("aac", "aac 44100", "pcm", "none"),
    "3gp": ("aac", "aac 16000 mono", "none"),
    "fragmented.mp4": ("aac", "aac", "opus", "none"),
    "mkv": ("aac", "opus", "vorbis", "flac", "pcm", "ac3", "mp3", "none"),
    "webm": ("opus", "opus", "vorbis", "none"),
    "live.webm": ("opus", "none"),
    "ts": ("aac", "ac3", "mp2", "none"),
    "MTS": ("ac3", "aac"),
    "avi": ("pcm", "mp3", "none"),
    "mpg": ("mp2", "none"),
    "flv": ("aac", "none"),
}
_WEIGHTS = {"mp4": 9, "mov": 4, "fragmented.mp4": 2, "mkv": 4, "webm": 2, "ts": 3}
RATES = ("30", "30", "30000/1001", "25", "24", "24000/1001", "60", "50", "15", "12", "10", "60000/1001")
SIZES = ((160, 120), (120, 160), (176, 144), (192, 108), (160, 122), (240, 180), (136, 98))
MOVIES = ("mp4", "mov", "3gp")
TURNS = ("mp4", "mov", "mkv", "3gp")

EDITS = (
    "one piece", "one piece", "one piece between pictures", "after a wait", "two pieces", "three pieces in disorder",
    "the picture's alone", "longer than the film", "a dwell", "double speed", "the sound waits", "of no length first",
)  # fmt: skip
CHANGES: dict[str, tuple[str, ...]] = {
    "mp4": ("no key list", "index first", "last picture stands", "negative offsets", "no edit list", "garbage behind",
            "second sound", "silent sound first", "a second picture", "subtitles", "a cover", "sound late", "sound early",
            "sound shorter", "sound longer", "trimmed by copying", "out of Matroska", "joined by copying", "odd time scale"),
    "mov": ("no key list", "last picture stands", "garbage behind", "second sound", "a data track", "sound late", "sound early",
            "trimmed by copying", "joined by copying", "sound longer"),
    "3gp": ("no key list", "sound late", "index first"),
    "fragmented.mp4": ("many fragments", "sound late", "a fragment index", "no edit list", "garbage behind"),
    "mkv": ("ten seconds late", "sound late", "sound early", "second sound", "silent sound first", "subtitles", "out of MP4",
            "trimmed by copying", "joined by copying", "garbage behind", "sound longer", "a second picture"),
    "webm": ("ten seconds late", "sound late", "sound early", "sound longer", "joined by copying", "second sound"),
    "live.webm": ("sound late",),
    "ts": ("begun late", "begun late", "another clock", "sound late", "second sound", "joined by copying", "joined by bytes",
           "garbage behind", "out of MP4"),
    "MTS": ("begun late", "another clock"),
    "flv": (), "avi": (), "mpg": (),
}  # fmt: skip
BESIDE_EDITS = {"none", "no key list", "second sound", "subtitles", "a cover", "odd time scale"}
UNEVEN = ("none", "none", "none", "none", "jitter", "a pause", "left out here and there", "slower from the middle")


@dataclass(frozen=True)
class Spec:
    """Everything that a drawn film is; equal ones are equal films."""

    seed: int
    container: str
    picture: str
    sound: str
    rate: str
    size: tuple[int, int]
    group: int
    """Pictures from one key picture to the next."""
    uneven: str
    turned: int
    """Clockwise, to stand upright."""
    pixels: str
    """Their shape, width to height."""
    colours: str
    tint: tuple[int, int]
    edits: str
    change: str

    def __str__(self) -> str:
        usual = {"uneven": "none", "turned": 0, "pixels": "1/1", "edits": "none", "change": "none"}
        told = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name != "seed"]
        return f"seed {self.seed}: " + ", ".join(f"{k} {v}" for k, v in told if usual.get(k) != v)

    @property
    def name(self) -> str:
        """The film's file name."""
        return f"seed-{self.seed}.{self.container.rpartition('.')[2]}"


def make_spec(seed: int) -> Spec:
    """The film of that seed, the same on every machine."""
    dice = random.Random(seed)
    names = list(PICTURES)
    container = dice.choices(names, [_WEIGHTS.get(name, 1) for name in names])[0]
    picture = dice.choice(PICTURES[container])
    edits = dice.choice(EDITS) if container in MOVIES and dice.random() < 0.55 else "none"
    often = 0.3 if edits != "none" else 0.75
    change = dice.choice(CHANGES[container]) if CHANGES[container] and dice.random() < often else "none"
    exact = container in ("mp4", "mov", "mkv", "webm") and picture.split()[0] in ("h264", "vp8", "vp9")
    uneven, sound = dice.choice(UNEVEN) if exact else "none", dice.choice(SOUNDS[container])
    stands = picture == "h264 no B-frames" and uneven == "none"
    if (
        (edits != "none" and change not in BESIDE_EDITS)
        or (sound == "none" and "sound" in change)
        or (change == "last picture stands" and not stands)
        or (picture == "h264 intra refresh" and "by copying" in change)  # begins where no picture can be shown yet
    ):
        change = "none"
    return Spec(
        seed=seed,
        container=container,
        picture=picture,
        sound=sound,
        rate=dice.choice(("25", "30", "30000/1001") if "mpeg2" in picture else RATES),
        size=dice.choice(SIZES),
        group=dice.choice((8, 12, 15) if change == "begun late" else (8, 12, 15, 15, 25, 30, 250)),
        uneven=uneven,
        turned=dice.choice((0, 0, 0, 90, 180, 270)) if container in TURNS else 0,
        pixels=dice.choice(("1/1", "1/1", "1/1", "1/1", "4/3", "16/11", "8/9")) if picture not in {"mjpeg", "mpeg2"} else "1/1",
        colours=dice.choice(("unstated", "unstated", "bt709", "smpte170m", "bt470bg", "bt709 full")),
        tint=dice.choice(((128, 128), (100, 170), (150, 110), (116, 160))),
        edits=edits,
        change=change,
    )  # fmt: skip
