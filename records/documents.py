"""What the tables hold as JSON, as types: pydantic reads each value from its column and writes it into one.

What an earlier version wrote must load for ever. So a field may be added with a default, and a limit widened; whatever
else changes needs a migration step that rewrites what is there. Words that no version of these types knows any more are
read over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Any, Final, NotRequired, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, with_config
from typing_extensions import TypedDict

from pipeline.limits import ID_PATTERN, LIMITS
from pipeline.marks import Box, Covers
from pipeline.moments import Clip, Silence, Still, Words
from pipeline.purposes import Purpose
from pipeline.times import LONGEST_MS

GivenDay = Annotated[date, Field(ge=date(1900, 1, 1), le=date(2200, 1, 1))]
"""A day that somebody states: near enough that what is reckoned from it is a day, too."""
GivenTime = Annotated[AwareDatetime, Field(ge=datetime(1900, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
"""A time that somebody states, of any zone: one at the end of time has no time in UTC."""


class _Document(BaseModel):
    model_config = ConfigDict(
        frozen=True, populate_by_name=True, serialize_by_alias=True, json_schema_serialization_defaults_required=True
    )


class _Times(_Document):
    def shifted(self, by_ms: int) -> Self:
        """The same on a clock that is ``by_ms`` ahead; none before its 0."""
        return self.model_copy(update={name: max(0, ms + by_ms) for name, ms in self})


class ClipTimes(_Times):
    """A clip on the clock of its own upload, in ms."""

    in_ms: Annotated[int, Field(alias="in")]
    out_ms: Annotated[int, Field(alias="out")]

    @property
    def first_ms(self) -> int:
        return self.in_ms

    @property
    def end_ms(self) -> int:
        """The first millisecond that is not needed."""
        return self.out_ms


class StillTimes(_Times):
    """A still on the clock of its own upload, in ms."""

    at_ms: Annotated[int, Field(alias="at")]

    @property
    def first_ms(self) -> int:
        return self.at_ms

    @property
    def end_ms(self) -> int:
        """The first millisecond that is not needed."""
        return self.at_ms + 1


def times_of(moment: Clip | Still) -> ClipTimes | StillTimes:
    """When a moment is shown, without its words."""
    if isinstance(moment, Clip):
        return ClipTimes(in_ms=moment.in_ms, out_ms=moment.out_ms)
    return StillTimes(at_ms=moment.at_ms)


def at_times(moment: Clip | Still, times: ClipTimes | StillTimes) -> Clip | Still:
    """The same moment at other times, which must be of its kind."""
    return type(moment).model_validate({**dict(moment), **dict(times)})


def on_clock_of(moment: Clip | Still, times: ClipTimes | StillTimes) -> Clip | Still:
    """The same moment on another clock, on which it is at ``times``: what is silent in it comes along."""
    if not isinstance(moment, Clip) or not isinstance(times, ClipTimes):
        return at_times(moment, times)
    by_ms = times.in_ms - moment.in_ms
    moved = [
        Silence(from_ms=max(0, one.from_ms + by_ms), to_ms=min(one.to_ms + by_ms, LONGEST_MS))
        for one in moment.silences
        if one.to_ms + by_ms > 0
    ]
    return at_times(moment.model_copy(update={"silences": tuple(moved)}), times)


class StatedCut(_Document):
    """What the page said of a cut: when its moment is on the cut's own clock, and what is in it. None: not said."""

    in_ms: Annotated[int | None, Field(alias="in")] = None
    out_ms: Annotated[int | None, Field(alias="out")] = None
    at_ms: Annotated[int | None, Field(alias="at")] = None
    duration_ms: int | None = None
    pictures: int | None = None
    """How many pictures begin in the clip."""

    def is_at(self, times: ClipTimes | StillTimes | None) -> bool:
        """Whether it was said of these times, and not of others asked for before; None: of the whole film."""
        return times is None or all(getattr(self, name) == ms for name, ms in times)


class StatedFilm(_Document):
    """What the page said of the film; never its name. None: not known."""

    bytes: int
    duration_ms: int
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    picture: bool = True
    """False: a recording that has sound only."""
    cuts: dict[int, StatedCut] = {}
    """What was said of the moments' own uploads, by the moment's position; only those of which something was."""


class MomentFacts(_Document):
    """What was found when a moment was prepared; times on the film's clock. None: not known, or none in it."""

    in_ms: int
    out_ms: int | None = None
    begins_ms: int | None = None
    """When its first picture is shown: 0 on the clock of what was made."""
    width_px: int | None = None
    height_px: int | None = None
    fps: float | None = None
    duration_ms: int | None = None
    peaks: tuple[int, ...] | None = None
    """Of a sound: how loud each of its equal parts is at most, 0 to 100."""
    gain_db: float | None = None
    """By how much its sound was made louder."""
    cpu_s: float | None = None
    picture: str | None = None
    """Of a clip: ``copied``, or why it was encoded: a code of pipeline.artifact.EncodingReason."""
    warnings: tuple[str, ...] = ()
    """In plain words."""


Range = tuple[int, int]
"""Numbers of pictures: the first, and the one after the last."""


def merged(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The same numbers in order, in as few ranges as there can be."""
    together: list[Range] = []
    for begin, end in sorted(ranges):
        if together and begin <= together[-1][1]:
            together[-1] = together[-1][0], max(end, together[-1][1])
        else:
            together.append((begin, end))
    return tuple(together)


class CoveredPicture(_Document):
    """One picture of a moment in which somebody is hidden, and what is covered on it."""

    at_ms: int
    covers: Covers
    box: Box | None
    drawn: bool
    """The guider said so herself."""
    doubt: str
    """Why more is covered than a person needs, or all of it; a sentence. Empty where there is no doubt."""
    uncovered: tuple[int, int]
    """Where it lies in the file of uncovered pictures: first byte, and the byte after its last."""
    covered: tuple[int, int] | None
    """The same in the file of covered pictures; null where there is none."""


@with_config(ConfigDict(extra="allow"))
class Recipe(TypedDict):
    """What was chosen for an output, as far as it differs from what is usual; the kind's own recipe says what may be.

    Named here is only what the ledger itself reads: the other selections that the output shows.
    """

    earlier: NotRequired[list[str]]
    companion: NotRequired[str]


_RECIPE = TypeAdapter(Recipe)


def recipe_of(chosen: Mapping[str, Any]) -> Recipe:
    """A recipe as the ledger keeps it. Raises: pydantic's ValidationError; kinds refuse more, in words."""
    return _RECIPE.validate_python(dict(chosen))


class FamilyPerson(_Document):
    """Somebody of a family: who they are in it, and initials at most."""

    id: Annotated[str, Field(pattern=r"^([0-9a-f]{32})?$")] = ""
    """Under which consents name them; empty: somebody new, or who is there with this role and initials."""
    role: Annotated[str, Field(pattern=rf"^[a-z][a-z ]{{1,{LIMITS.longest_role - 1}}}$", examples=["mother"])]
    initials: Annotated[str, Field(pattern=rf"^[^\W\d_]{{0,{LIMITS.longest_initials}}}$", examples=["E"])] = ""

    @property
    def title(self) -> str:
        """As a sentence names them: mother E."""
        return f"{self.role} {self.initials}".rstrip()


class Statement(_Document):
    """What one person of a family says to some purposes."""

    person: FamilyPerson
    """Named by id, or by role and initials; who is new is added to the family."""
    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1, max_length=len(Purpose))]
    agrees: bool = True
    given_by: Annotated[str, Field(pattern=r"^([a-z][a-z ]{1,29}( [^\W\d_]{1,4})?)?$", examples=["mother M"])] = ""
    """Who said it for them, by role and initials; empty: they themselves."""
    said_on: GivenDay | None = None
    """Null: today."""
    own_words: Words = ""
    """The child's own word about it."""
    form_id: Annotated[str | None, Field(pattern=ID_PATTERN)] = None
    """The photograph or PDF of the form that was signed."""


Statements = Annotated[tuple[Statement, ...], Field(max_length=40)]

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LIMITS.longest_words)]
"""Why somebody gives a family to another, or opens one that is not theirs: in their words, erased with the family."""

MOST_PEOPLE: Final = 20
FamilyPeople = Annotated[tuple[FamilyPerson, ...], Field(max_length=MOST_PEOPLE)]


class ErasedCounts(_Document):
    """How much there was of a family that was erased."""

    selections: int = 0
    cycles: int = 0
    moments: int = 0
    outputs: int = 0
    uploads: int = 0
    photographs: int = 0
    files: int = 0
    bytes: int = 0
    first_sent_on: date | None = None
    last_sent_on: date | None = None


class CopyOut(_Document):
    """Something that had left the service and was not brought back, by what it was and no word of whom it went to."""

    id: str
    carrier: str
    purpose: str = ""
    handed_out_on: date
    until: date | None = None
