"""Friendly remarks on a selection, by the rules of configs/hints.toml, which the page reads too."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from pipeline.moments import Selection


class _Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    sentence: str


class ManyClips(_Rule):
    """More clips than ``most_clips`` are many."""

    most_clips: int


class LongClip(_Rule):
    """A clip longer than ``most_ms`` is long."""

    most_ms: int


class WordyCaption(_Rule):
    """A still's caption of more than ``most_words`` is wordy."""

    most_words: int


class HintRules(BaseModel):
    """Every rule, as configs/hints.toml has it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    many_clips: ManyClips
    long_clip: LongClip
    wordy_caption: WordyCaption


@cache
def hint_rules() -> HintRules:
    """The rules of configs/hints.toml."""
    return HintRules.model_validate(tomllib.loads(files("configs").joinpath("hints.toml").read_text(encoding="utf-8")))


def hints(selection: Selection) -> list[str]:
    """Remarks on a selection, in the order of its moments; none of them forbids anything."""
    rules = hint_rules()
    found = []
    if len(selection.clips) > rules.many_clips.most_clips:
        found.append(rules.many_clips.sentence.format(clips=len(selection.clips)))
    for number, clip in enumerate(selection.clips, 1):
        if clip.length_ms > rules.long_clip.most_ms:
            seconds = (clip.length_ms + 500) // 1000
            found.append(rules.long_clip.sentence.format(number=number, seconds=seconds))
    most_words = rules.wordy_caption.most_words
    for number, still in enumerate(selection.stills, 1):
        words = len(still.caption.split())
        if words > most_words:
            found.append(rules.wordy_caption.sentence.format(number=number, words=words, most_words=most_words))
    return found
