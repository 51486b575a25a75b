"""Whether a device of this machine decodes films, as the setting has it."""

from __future__ import annotations

from api.diagnostics.check import Check
from pipeline.errors import PipelineError
from pipeline.run.decoders import Decoders
from records.settings import Settings

_REMEDY = (
    "Films are prepared all the same. Give the driver, and its files in /dev, to the account that vigpack runs as, or "
    "set VIGPACK_DECODE_BY=off."
)


def check_decoding(settings: Settings) -> Check:
    """What decodes films here, tried anew where there is a device; only one that was named is missed."""
    decoders = Decoders(settings.jail_for_media(), settings.ffmpeg_runner(), settings.decode_by, None)
    part = "decoding"
    try:
        proofs = decoders.proofs()
    except PipelineError as error:
        return Check(part=part, state="warn", found=f"unknown: {error}"[:300])
    named = settings.decode_by not in ("auto", "off")
    if any(proof.holds for proof in proofs) or not (named or proofs):
        return Check(part=part, state="ok", found=decoders.told())
    return Check(part=part, state="warn", found=decoders.told()[:600], remedy=_REMEDY)
