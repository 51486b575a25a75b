"""What should be there: kept beside the service, from what was done alone, in days of the test's own calendar."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.purposes import Purpose
from records.copies.register import Carrier
from records.documents import FamilyPerson
from records.ledger.jobs import Claim
from records.storage.contract import Storage

SHARED, NOTES, SUPERVISION = Purpose.SHARED_REVIEW, Purpose.PICTURE_NOTES, Purpose.SUPERVISION
ASKED = (SHARED, NOTES, SUPERVISION)
TWO_MONTHS, SIX_MONTHS, NOTICE = (59, 62), (181, 184), (28, 31)
"""Months have 28 to 31 days: before the first nothing may go, after the second nothing may be left."""
READY, UNFINISHED = 14, 60
MOMENTS = ("clip", "still")


class Crash(BaseException):
    """The process died here. Nothing catches it."""


class Crashes:
    """A process that dies at the so-manieth point at which it could leave something half done."""

    def __init__(self) -> None:
        self.left: int | None = None

    def __call__(self) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            raise Crash
        self.left -= 1


class CrashingStore:
    """A store beside which a process may die before and after each file that comes or goes."""

    def __init__(self, storage: Storage, point: Crashes) -> None:
        self._storage, self._point = storage, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def put(self, path: Path, key: str) -> Any:
        self._point()
        stored = self._storage.put(path, key)
        self._point()
        return stored

    def delete(self, key: str) -> None:
        self._point()
        self._storage.delete(key)


@dataclass
class Made:
    """A file that a worker handed in, and of what it was made."""

    purpose: Purpose
    moments: frozenset[str]
    seen: frozenset[str]
    """The people who can be seen in it."""
    day: int
    kind: str

    def is_of_the_same(self, other: Made) -> bool:
        """Whether it takes the place of the other one."""
        return self.kind == other.kind and (self.kind not in MOMENTS or self.moments == other.moments)


@dataclass(repr=False)
class Film:
    """One selection."""

    id: str
    sent_on: int
    seen: dict[str, frozenset[str]] = field(default_factory=dict)
    """Its moments, and who can be seen in each."""
    stills: frozenset[str] = frozenset()
    ready: set[str] = field(default_factory=set)
    has_source: bool = False
    made: dict[str, Made] = field(default_factory=dict)
    """What was made of it, by its place in the store."""

    def __repr__(self) -> str:
        return f"Film({self.id[:6]})"


@dataclass(repr=False)
class Family:
    """What was done with a family, in days of the test's own calendar."""

    id: str
    code: str
    people: tuple[FamilyPerson, ...]
    opened_on: int
    said: dict[tuple[str, Purpose], bool] = field(default_factory=dict)
    waiting: set[tuple[str, Purpose]] = field(default_factory=set)
    """Noes that were said on hold."""
    ever_no: bool = False
    films: dict[str, Film] = field(default_factory=dict)
    shares: dict[str, str | None] = field(default_factory=dict)
    """What a supervisor was shown, by the share: a film, or all."""
    copies: dict[str, tuple[Purpose, Carrier]] = field(default_factory=dict)
    """What is out."""
    held: bool = False
    ended_on: int | None = None
    still_on: int = 0
    noticed_on: int | None = None
    is_emptied: bool = False
    """Its last film went: so does the family, unless somebody ever said no."""
    over: bool = False
    has_certificate: bool = False

    def __repr__(self) -> str:
        return f"Family({self.code})"

    def lacks(self, purpose: Purpose, seen: Iterable[str]) -> bool:
        """Whether one of these has not agreed."""
        return any(self.said.get((person, purpose)) is not True for person in seen)

    def heed(self, noes: Iterable[tuple[str, Purpose]]) -> None:
        """What goes with these noes, where nothing holds it."""
        against: dict[Purpose, set[str]] = {}
        for person, purpose in noes:
            against.setdefault(purpose, set()).add(person)
        has_gone = False
        for film in list(self.films.values()):
            if everybody(film.seen) & against.get(SUPERVISION, set()):
                self.shares = {one: of for one, of in self.shares.items() if of not in {None, film.id}}
            going = {one for one, seen in film.seen.items() if seen & against.get(SHARED, set())}
            if going:  # nothing more can be cut of a whole film that shows them
                going |= set(film.seen) - film.ready
                has_gone, film.has_source = True, False
            for key, made in list(film.made.items()):
                if made.moments & going or made.seen & against.get(made.purpose, set()):
                    del film.made[key]
            for one in going:
                del film.seen[one]
                film.ready.discard(one)
            if not film.seen:
                self.lose(film)
        links = {one for one, (_, carrier) in self.copies.items() if carrier is Carrier.LINK}
        ended = {one for one in links if has_gone or self.copies[one][0] in against}
        self.copies = {one: copy for one, copy in self.copies.items() if one not in ended}

    def lose(self, film: Film) -> None:
        """A film went as a whole."""
        del self.films[film.id]
        self.shares = {one: of for one, of in self.shares.items() if of != film.id}
        self.is_emptied = not self.films

    def go(self, *, certificate: bool) -> None:
        """All of it went; what had left is still out, but links, which end."""
        self.films, self.shares = {}, {}
        self.over, self.has_certificate = True, certificate
        self.copies = {one: copy for one, copy in self.copies.items() if copy[1] is not Carrier.LINK}


def everybody(seen: dict[str, frozenset[str]]) -> frozenset[str]:
    """Everybody who can be seen in some moments."""
    return frozenset[str]().union(*seen.values())


@dataclass(repr=False)
class Work:
    """A job that a worker has begun."""

    claim: Claim
    film: Film
    made: Made
    may_be_lost: bool = False
    """Something happened since that takes the job from it."""
