"""What decodes films on this machine: devices tried once, in the jail that jobs have, and remembered for a while."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import PipelineError
from pipeline.ffmpeg.devices import KINDS, DecodeBy, Device, Proof, candidates, device_files, proofs_told
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail, WorkBroke
from pipeline.jail.zygote import adapter_of
from pipeline.run.orders import PROVE_DEVICES, Ffmpeg, ProofOrder

_REMEMBERED_S = 7 * 86400.0
_NAME = "decoders.json"
_PROOFS = tuple[Proof, ...]


@dataclass
class Decoders:
    """The devices of this machine that may decode films. Any thread may ask; one for each process."""

    jail: Jail
    runner: FfmpegRunner
    wanted: DecodeBy
    folder: Path | None
    """Where what was found is remembered; None: it is found out anew."""
    _turn: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _proofs: tuple[Proof, ...] | None = None

    def proofs(self) -> tuple[Proof, ...]:
        """What each device made of each kind of film, for as long as this process lives. Found out once, in seconds.

        Raises: JailMissing, FfmpegMissing.
        """
        with self._turn:
            if self._proofs is None:
                self._proofs = self._find()
            return self._proofs

    def ready(self) -> FfmpegRunner:
        """The ffmpeg, with the devices that were proved. Raises: what ``proofs`` does."""
        return replace(self.runner, proofs=tuple(proof for proof in self.proofs() if proof.holds))

    def told(self) -> str:
        """By what films are decoded, in words for IT; empty while that is not known yet."""
        return "" if self._proofs is None else proofs_told(self.wanted, self._proofs)

    def _find(self) -> tuple[Proof, ...]:
        devices = candidates(self.wanted)
        if not devices:
            return ()
        machine = self._machine(devices)
        if (known := self._remembered(machine)) is not None:
            return known
        with tempfile.TemporaryDirectory(prefix="vigpack-decoders-") as folder:
            order = ProofOrder(Path(folder).resolve(), devices, KINDS, Ffmpeg.of(self.runner))
            try:
                found = self.jail.do(PROVE_DEVICES, order, order.folder, devices=devices)
            except (PipelineError, WorkBroke) as error:
                why = f"the trial ended: {type(error).__name__}"
                return tuple(Proof(device, kind, why) for device in devices for kind in KINDS)
        self._remember(machine, found)
        return found

    def _machine(self, devices: tuple[Device, ...]) -> str:
        """What may change what a device does: the drivers, ffmpeg, what the jail allows, and a start of the machine."""
        program = Path(self.runner.executable())
        facts = [
            platform.release(),
            _text("/proc/driver/nvidia/version"),
            _text("/proc/sys/kernel/random/boot_id"),
            [str(program), program.stat().st_size, program.stat().st_mtime_ns],
            [str(self.runner.limits), self.jail.held_by().kept_by],
            [device.name for device in devices],
            [[str(path), path.stat().st_rdev] for path in device_files(devices)],
            [str(kind) for kind in KINDS],
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def _remembered(self, machine: str) -> tuple[Proof, ...] | None:
        if self.folder is None:
            return None
        try:
            told = json.loads((self.folder / _NAME).read_bytes())
            if told["machine"] != machine or not 0 <= time.time() - told["at"] < _REMEMBERED_S:
                return None
            known: tuple[Proof, ...] = adapter_of(_PROOFS).validate_python(told["proofs"], strict=False)
        except (OSError, ValueError, KeyError, TypeError, ValidationError):
            return None
        return known

    def _remember(self, machine: str, found: tuple[Proof, ...]) -> None:
        if self.folder is None:
            return
        told = {"machine": machine, "at": time.time(), "proofs": adapter_of(_PROOFS).dump_python(found, mode="json")}
        with suppress(OSError):  # then it is found out anew next time
            self.folder.mkdir(parents=True, exist_ok=True)
            part = self.folder / f".{_NAME}.{os.getpid()}"
            part.write_text(json.dumps(told))
            part.replace(self.folder / _NAME)


def cache_folder() -> Path:
    """Where a command remembers what it found of this machine; nothing of any film."""
    named = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(named) if named else Path.home() / ".cache") / "vigpack"


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
