"""What can be asked of the processes that open films and photographs, and what they hand back. No library is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.artifact import Artifact, FinishedMoment
from pipeline.claims import Claims
from pipeline.ffmpeg.devices import Device, Kind, Proof
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Task
from pipeline.marks import Mark, Picture
from pipeline.moments import Clip, Selection, Still
from pipeline.prepared import Prepared
from pipeline.presets import Preset
from pipeline.rating_scale import Scale
from pipeline.run.report import Report

_WORK = "pipeline.run.work"


@dataclass(frozen=True)
class Ffmpeg:
    """An ffmpeg as it is told to a process in a jail."""

    program: str
    limits: Limits
    proofs: tuple[Proof, ...] = ()

    @classmethod
    def of(cls, runner: FfmpegRunner) -> Ffmpeg:
        """The runner's own."""
        return cls(runner.program, runner.limits, runner.proofs)

    def devices(self) -> tuple[Device, ...]:
        """What may decode beside the processor, each once."""
        return tuple(dict.fromkeys(proof.device for proof in self.proofs))

    def runner(self) -> FfmpegRunner:
        """The same, to be run."""
        return FfmpegRunner(self.program, self.limits, self.proofs)


@dataclass(frozen=True)
class MomentOrder:
    """One moment of what arrived (``source``), made as ``name`` and a suffix in ``folder``."""

    source: Path
    folder: Path
    name: str
    moment: Clip | Still
    preset: Preset
    claims: Claims
    is_cut: bool
    """Whether what arrived was cut out for this moment; else it is the whole film."""
    held_is_known: bool
    """Whether it is known already how much of the film arrived; else ``held_ms`` is noted first."""
    marks: tuple[Mark, ...] | None
    """Where somebody is to be hidden; None: nobody is."""
    even_in_doubt: bool
    """Whether it is made where more boxes are wanted; else they are only followed there."""
    threads: int
    ffmpeg: Ffmpeg


@dataclass(frozen=True)
class Shown:
    """A file of all pictures of a moment, and where each lies in it."""

    artifact: Artifact
    places: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class HiddenPictures:
    """What a person looks at before a moment with somebody hidden may be handed out."""

    pictures: tuple[Picture, ...]
    uncovered: Shown
    covered: Shown | None


@dataclass(frozen=True)
class MomentMade:
    """A finished moment (None: somebody is to be hidden and nothing is marked yet), and what is known of its film."""

    finished: FinishedMoment | None
    hidden: HiddenPictures | None
    film_warnings: tuple[str, ...]


@dataclass(frozen=True)
class OutputOrder:
    """An output of a kind, or (``pages``) the first of its pages, in ``folder``."""

    kind: str
    recipe: Mapping[str, Any]
    prepared: Prepared
    folder: Path
    ffmpeg: Ffmpeg


@dataclass(frozen=True)
class PagesMade:
    """The first pages, as JPEG files, and how many there will be; None where only some were laid out."""

    shown: tuple[Path, ...]
    of: int | None


@dataclass(frozen=True)
class SelectionOrder:
    """Everything of one selection, from one film."""

    film: Path
    selection: Selection
    preset: Preset
    ffmpeg: Ffmpeg
    kinds: tuple[str, ...] | None = None
    """None: the usual ones."""
    recipes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was chosen for a kind, by its name."""
    companion: Prepared | None = None
    """The other film of the same cycle."""
    artwork: tuple[Path, ...] = ()
    """Photographs of what the child made."""
    earlier: tuple[Prepared, ...] = ()
    """Earlier reviews of the family."""
    scale: Scale | None = None
    """The service's own rating scale, where it has one."""


@dataclass(frozen=True)
class ProofOrder:
    """Devices to be tried on these kinds of films, which are drawn in ``folder``."""

    folder: Path
    devices: tuple[Device, ...]
    kinds: tuple[Kind, ...]
    ffmpeg: Ffmpeg


@dataclass(frozen=True)
class PhotographOrder:
    """A photograph, and where its JPEG goes."""

    source: Path
    destination: Path


@dataclass(frozen=True)
class PhotographMade:
    """The finished JPEG and its size."""

    artifact: Artifact
    width_px: int
    height_px: int


@dataclass(frozen=True)
class FilmMeasured:
    """How large and how long a film is."""

    bytes: int
    duration_ms: int


@dataclass(frozen=True)
class CopiesOrder:
    """Moments of a film, each to be copied into a small film in ``folder``."""

    film: Path
    selection: Selection
    folder: Path


@dataclass(frozen=True)
class MomentCopy:
    """A small film and the same moment on its own clock."""

    path: Path
    bytes: int
    moment: Clip | Still


MAKE_MOMENT: Task[MomentOrder, MomentMade] = Task(f"{_WORK}:make_moment", MomentMade)
MAKE_OUTPUT: Task[OutputOrder, tuple[Artifact, ...]] = Task(f"{_WORK}:make_output", tuple[Artifact, ...])
LAY_OUT_PAGES: Task[OutputOrder, PagesMade] = Task(f"{_WORK}:lay_out_pages", PagesMade, timeout_s=120)
PREPARE: Task[tuple[SelectionOrder, Path], Report] = Task(f"{_WORK}:prepare_selection", Report, timeout_s=24 * 3600)
READ_PHOTOGRAPH: Task[PhotographOrder, PhotographMade] = Task(f"{_WORK}:read_photograph", PhotographMade, timeout_s=60)
PROVE_DEVICES: Task[ProofOrder, tuple[Proof, ...]] = Task(f"{_WORK}:prove_devices", tuple[Proof, ...], timeout_s=150)
MEASURE_FILM: Task[Path, FilmMeasured] = Task(f"{_WORK}:measure_film", FilmMeasured)
COPY_MOMENTS: Task[CopiesOrder, tuple[MomentCopy, ...]] = Task(f"{_WORK}:copy_moments", tuple[MomentCopy, ...])
"""Nothing, where its kind cannot be taken apart."""
