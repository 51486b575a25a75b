"""The whole of it: one answer from which every paper and the page are written."""

from __future__ import annotations

from importlib.metadata import version

from pydantic import BaseModel, ConfigDict

from pipeline.moments import FilmOf
from pipeline.outputs.kinds import KINDS, purpose_of_film
from pipeline.purposes import Purpose
from records.consent.policy import Agreement, Basis, load_policy
from records.inventory.access import EXCEPTIONS, RoleView, roles, sign_in_of
from records.inventory.kept import Kept, kept_of
from records.inventory.leaving import NOTHING_ELSE, Leaving, is_one_machine, leaving_of
from records.inventory.measures import Measure, measures_of
from records.inventory.places import Place, places_of
from records.inventory.words import said_period, said_term, said_terms
from records.retention_policy.policy import policy_of
from records.settings import Settings

BASES = {
    Basis.CONSENT: "consent (Art. 6 (1) (a))",
    Basis.CONTRACT: "contract (Art. 6 (1) (b))",
    Basis.LEGAL_OBLIGATION: "legal obligation (Art. 6 (1) (c))",
    Basis.VITAL_INTERESTS: "vital interests (Art. 6 (1) (d))",
    Basis.PUBLIC_TASK: "public task (Art. 6 (1) (e))",
    Basis.LEGITIMATE_INTERESTS: "legitimate interests (Art. 6 (1) (f))",
}


class PurposeView(BaseModel):
    """For what moments are used, on what basis, and whether it waits for agreement."""

    model_config = ConfigDict(frozen=True)

    purpose: Purpose
    title: str
    about: str
    basis: str
    agreement: str
    kept: str
    """Sooner than its family; empty: with it."""


class RetentionRule(BaseModel):
    """One line of the retention schedule."""

    model_config = ConfigDict(frozen=True)

    what: str
    until: str
    written: str
    """Where that stands in the policy's file, and as what."""


class MadeKind(BaseModel):
    """A kind of output: what it is, and for which purposes it is made."""

    model_config = ConfigDict(frozen=True)

    title: str
    about: str
    purposes: tuple[str, ...]
    """The titles of those purposes; the first where nothing else is said."""
    shows_people: bool
    """Whether it waits for the agreement of who can be seen in it."""


class Inventory(BaseModel):
    """What is kept, who may see it, what leaves, and what protects it. No secret, host, path or word of a family."""

    model_config = ConfigDict(frozen=True)

    version: str
    controller: str
    """Empty: nobody set it; so are the contacts."""
    data_protection_contact: str
    accessibility_contact: str
    security_contacts: tuple[str, ...]
    is_one_machine: bool
    """Database, store and queue are the service's own machine."""
    purposes: tuple[PurposeView, ...]
    made: tuple[MadeKind, ...]
    places: tuple[Place, ...]
    kept: tuple[Kept, ...]
    retention: tuple[RetentionRule, ...]
    sign_in: tuple[str, ...]
    roles: tuple[RoleView, ...]
    exceptions: tuple[str, ...]
    leaving: tuple[Leaving, ...]
    nothing_else: str
    measures: tuple[Measure, ...]

    def place(self, place_id: str) -> Place:
        """The place of this id."""
        return next(one for one in self.places if one.id == place_id)


def inventory_of(settings: Settings) -> Inventory:
    """The inventory of the installation with these settings. Raises: RetentionFileWrong, ConsentPolicyWrong."""
    retention = policy_of(settings)
    return Inventory(
        version=version("vigpack"),
        controller=settings.controller,
        data_protection_contact=settings.data_protection_contact,
        accessibility_contact=settings.accessibility_contact,
        security_contacts=tuple(filter(None, settings.security_contact.split(","))),
        is_one_machine=is_one_machine(settings),
        purposes=_purposes(settings),
        made=_made(settings),
        places=places_of(settings),
        kept=kept_of(settings, retention),
        retention=_rules(settings),
        sign_in=sign_in_of(settings),
        roles=roles(),
        exceptions=EXCEPTIONS,
        leaving=leaving_of(settings),
        nothing_else=NOTHING_ELSE,
        measures=measures_of(settings, retention),
    )


def _purposes(settings: Settings) -> tuple[PurposeView, ...]:
    sooner = policy_of(settings).purposes
    return tuple(
        PurposeView(
            purpose=purpose,
            title=said.title,
            about=said.about,
            basis=BASES[said.basis],
            agreement=(
                "needed before anything is used for it"
                if said.agreement is Agreement.NEEDED
                else "noted; a no stops it"
                if said.heeds_no
                else "noted; a no is recorded and stops nothing"
            ),
            kept=said_term(sooner[purpose]) if purpose in sooner else "",
        )
        for purpose, said in load_policy(settings.consent_policy).items()
    )


def _made(settings: Settings) -> tuple[MadeKind, ...]:
    titles = {purpose: said.title for purpose, said in load_policy(settings.consent_policy).items()}
    return tuple(
        MadeKind(
            title=kind.title,
            about=kind.about,
            purposes=tuple(
                titles[one] for one in (kind.purpose or purpose_of_film(FilmOf.FAMILY_FILM), *kind.also_for)
            ),
            shows_people=kind.shows_people,
        )
        for kind in KINDS.values()
    )


def _rules(settings: Settings) -> tuple[RetentionRule, ...]:
    policy = policy_of(settings)
    silence = policy.ended_after_silence
    default, chosen = " (unless another schedule is chosen)", ", where this schedule is chosen"
    found = [
        RetentionRule(
            what=f"Everything of a family{default if name == policy.default else chosen}: {schedule.title}",
            until=said_terms(schedule.keep),
            written=f"schedules.{name} = {schedule.rule}",
        )
        for name, schedule in sorted(policy.schedules.items(), key=lambda one: (one[0] != policy.default, one[0]))
    ]
    found += [
        RetentionRule(
            what=f"What was made for {purpose.replace('_', ' ')}",
            until=said_term(term),
            written=f"purposes.{purpose} = {term}",
        )
        for purpose, term in policy.purposes.items()
    ]
    return (
        *found,
        RetentionRule(
            what="What was sent of a film",
            until=said_term(policy.sources.ready),
            written=f"sources.ready = {policy.sources.ready}",
        ),
        RetentionRule(
            what="What was sent of a film whose moments never became ready",
            until=said_term(policy.sources.unfinished),
            written=f"sources.unfinished = {policy.sources.unfinished}",
        ),
        RetentionRule(
            what="An upload that broke off",
            until=f"{said_period(policy.sources.receiving)} after its last byte",
            written=f"sources.receiving = {policy.sources.receiving}",
        ),
        RetentionRule(
            what="When involvement counts as ended, where nobody says so",
            until=f"after {said_period(silence)} in which nothing is sent, made or written" if silence else "never",
            written=f"ended_after_silence = {silence or '“”'}",
        ),
        RetentionRule(
            what="How long before a family goes its guider is told",
            until=f"{said_period(policy.notice)}; nothing goes without it",
            written=f"notice = {policy.notice}",
        ),
        RetentionRule(
            what="When a hold that names no day is looked at again",
            until=f"after {said_period(policy.hold_review)}; until it is released nothing goes",
            written=f"hold_review = {policy.hold_review}",
        ),
        RetentionRule(
            what="A certificate that a family was erased",
            until=f"{said_period(policy.certificates)} after the erasure",
            written=f"certificates = {policy.certificates}",
        ),
    )
