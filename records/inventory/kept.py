"""What is kept: every kind of record, with the tables that hold it, and until when by the settings in force."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from records.copies.links import LONGEST as LONGEST_LINK
from records.inventory.words import said_interval, said_period, said_seconds, said_term, said_terms
from records.models import Base
from records.models.sealed import sealed_columns
from records.retention_policy.policy import Policy
from records.settings import Settings

FAMILIES = "families"
"""Children, carers and others who can be seen or heard, or are written about."""
STAFF = "people who sign in"
"""Guiders, supervisors, managers, information governance, IT."""
NOBODY = "nobody"
_GUIDER = "Its guider, and whom she shares the family with."
_FOR_GOOD = "No time is set: it is kept for good."


class Kept(BaseModel):
    """One kind of record."""

    model_config = ConfigDict(frozen=True)

    id: str
    what: str
    about: str
    """Whose data it is."""
    place: str
    """The id of a place."""
    until: str
    seen_by: str
    code: str
    """The file of the program in which that stands."""
    tables: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    """Which columns of those tables are sealed; films and other files are sealed whole."""


def kept_of(settings: Settings, policy: Policy) -> tuple[Kept, ...]:
    """Everything that is kept, what is of families first. Each table of the database stands in exactly one of them."""
    return tuple(
        one.model_copy(update={"sealed": _sealed(one.tables)})
        for one in (*_of_families(policy), *_around_them(settings, policy), *_of_staff(settings), *_of_nobody())
    )


def family_term(policy: Policy) -> str:
    """When a family goes for which nothing else was chosen."""
    return said_terms(policy.schedule(policy.default).keep)


def _of_families(policy: Policy) -> tuple[Kept, ...]:
    family = f"With its family: {family_term(policy)}, or sooner on request."
    sooner = "".join(
        f" What was made for {purpose.replace('_', ' ')}: {said_term(term)}."
        for purpose, term in policy.purposes.items()
    )
    receiving = said_period(policy.sources.receiving)
    return (
        Kept(
            id="draft",
            what="Marks, captions and cut seconds that were not sent yet, and the film's own name",
            about=FAMILIES,
            place="browser",
            until=(
                "They are sent, discarded or erased, or nothing was changed in them for 30 days (looked for when the"
                " page is opened)."
            ),
            seen_by=(
                "Who is signed in there as its owner; sealed by a key of that film, which the service gives to them and"
                " destroys with what was sent of it."
            ),
            code="web/src/desk/browserDatabase.ts",
        ),
        Kept(
            id="receiving",
            what="An upload under way",
            about=FAMILIES,
            place="scratch",
            until=f"Its last byte is here (then it is stored), or {receiving} after the last byte that came.",
            seen_by="Nobody.",
            code="records/uploads/cleanup.py",
            tables=("uploads",),
        ),
        Kept(
            id="sources",
            what="What was sent of films: the seconds around each moment, or a whole film",
            about=FAMILIES,
            place="store",
            until=(
                f"{_capital(said_term(policy.sources.ready))}; {said_term(policy.sources.unfinished)} where they never "
                "became ready; never longer than its family."
            ),
            seen_by=_GUIDER,
            code="records/actions/apply_retention.py",
        ),
        Kept(
            id="made",
            what="Clips, stills, packs, prints and everything else that is made of them",
            about=FAMILIES,
            place="store",
            until=family + sooner,
            seen_by=_GUIDER,
            code="records/actions/apply_retention.py",
            tables=("artifacts", "outputs", "output_sources", "hidings", "withheld"),
        ),
        Kept(
            id="words",
            what="The family’s code, people by role and initials, captions, what is drawn on moments, questions, "
            "plans, what the child said",
            about=FAMILIES,
            place="database",
            until=family,
            seen_by=_GUIDER,
            code="records/models/families.py",
            tables=(
                "families",
                "family_shares",
                "hand_overs",
                "family_retention",
                "retention_holds",
                "selections",
                "moments",
                "words",
                "artwork",
            ),
        ),
        Kept(
            id="photographs",
            what="Photographs of drawings, and of signed forms (or PDFs)",
            about=FAMILIES,
            place="store",
            until=family,
            seen_by=_GUIDER,
            code="records/consent/forms.py",
            tables=("consent_forms",),
        ),
        Kept(
            id="consents",
            what="Who agreed to what, when, said by whom, and who said no",
            about=FAMILIES,
            place="database",
            until=family,
            seen_by=_GUIDER,
            code="records/models/consent.py",
            tables=("consents",),
        ),
    )


def _around_them(settings: Settings, policy: Policy) -> tuple[Kept, ...]:
    return (
        Kept(
            id="keys",
            what="The keys with which films and words are sealed, wrapped",
            about=NOBODY,
            place="keys",
            until="Its selection or family is erased: the key is destroyed before anything else.",
            seen_by="Nobody.",
            code="records/keys/ring.py",
        ),
        Kept(
            id="work",
            what="A film that is being worked on, and what is being made of it",
            about=FAMILIES,
            place="scratch",
            until=(
                f"Its job ends, or it is swept away after a crash (looked for every {said_interval(settings.sweep_s)})."
            ),
            seen_by="Nobody.",
            code="pipeline/run/workspace.py",
        ),
        Kept(
            id="copies",
            what="The register of copies that left: what, to whom, why, until when",
            about=FAMILIES,
            place="database",
            until=(
                "Somebody says that the copy is back, after which it goes with its family. It outlives an erased"
                f" family while the copy is out. A link opens nothing after {LONGEST_LINK.days} days at most."
            ),
            seen_by=_GUIDER,
            code="records/copies/register.py",
            tables=("handed_out_copies", "copy_links"),
        ),
        Kept(
            id="subject_access",
            what="Requests to see what is held: who asked, by when it is due, and what was decided about each thing",
            about=FAMILIES,
            place="database",
            until="With the family; what was decided goes when the request is closed. The answer itself is not kept.",
            seen_by="Its guider alone; managers and information governance see dates and counts.",
            code="records/subject_access/requests.py",
            tables=("subject_access", "subject_access_decisions"),
        ),
        Kept(
            id="certificates",
            what="That a family was erased: random ids, counts, days, and copies still out",
            about=NOBODY,
            place="database",
            until=(
                f"{_capital(said_period(policy.certificates))} after the erasure. The ids alone are kept for good, so"
                " that no restored backup brings anything back."
            ),
            seen_by="Its guider; information governance by the audit.",
            code="records/retention/certificates.py",
            tables=("erasure_certificates", "erasures"),
        ),
        Kept(
            id="audit",
            what="The audit: who saw or changed what, when; ids, verbs and figures, and no word of a family",
            about=STAFF,
            place="database",
            until=_FOR_GOOD,
            seen_by="Information governance.",
            code="records/audit/log.py",
            tables=("audit",),
        ),
        Kept(
            id="backups",
            what="Backups of all of this, but for sessions, links and keys",
            about=FAMILIES,
            place="backups",
            until=(
                "As long as IT keeps them: no longer than films may be kept. What was erased stays sealed in them, "
                "and its key is gone."
            ),
            seen_by="Nobody without the recipient’s private key and the families’ keys.",
            code="records/backup/make.py",
        ),
        Kept(
            id="logs",
            what="Logs of the service, and figures for its monitoring",
            about=NOBODY,
            place="logs",
            until="As IT keeps them.",
            seen_by="IT.",
            code="records/logs.py",
        ),
    )


def _of_staff(settings: Settings) -> tuple[Kept, ...]:
    idle, longest = said_seconds(settings.session_idle_s), said_seconds(settings.session_longest_s)
    return (
        Kept(
            id="accounts",
            what="Accounts: a name, a login, roles; the password as a hash, second factors sealed",
            about=STAFF,
            place="database",
            until=(
                "The account is closed: login, password and second factors go; name and roles stay for the audit, and"
                " with the organisation’s sign-in its number for the person."
            ),
            seen_by="Managers; colleagues see names.",
            code="records/accounts/closing.py",
            tables=(
                "accounts",
                "credentials",
                "recovery_codes",
                "passkeys",
                "external_identities",
                "invitations",
                "resets",
                "notices",
            ),
        ),
        Kept(
            id="sessions",
            what="Who is signed in in which browser, and the tokens of programs, as hashes",
            about=STAFF,
            place="database",
            until=(
                f"Signed out, {idle} without a request, or {longest} in any case; on one person’s own machine 90 days. "
                "Tokens of programs: 366 days at most."
            ),
            seen_by="Their owner.",
            code="records/accounts/sessions.py",
            tables=(
                "sessions",
                "external_sessions",
                "login_states",
                "pending_sign_ins",
                "spent_logout_tokens",
                "api_tokens",
            ),
        ),
        Kept(
            id="logbook",
            what="A guider’s logbook of her training: months, cycles, hours; codes of families sealed",
            about=STAFF,
            place="database",
            until="She takes an entry out; a family’s code goes with the family. No other time is set.",
            seen_by="She; managers once she shows it, with numbers in place of codes.",
            code="records/training/logbook.py",
            tables=("logbooks", "logbook_clients", "logbook_cycles", "logbook_hours"),
        ),
        Kept(
            id="ratings",
            what="Ratings of a guider’s own practice in a recorded review",
            about=STAFF,
            place="database",
            until="The recording is erased.",
            seen_by="The guider, and who rated.",
            code="records/training/ratings.py",
            tables=("ratings",),
        ),
    )


def _of_nobody() -> tuple[Kept, ...]:
    return (
        Kept(
            id="running",
            what="How the service runs: jobs, workers, figures by the quarter of an hour",
            about=NOBODY,
            place="database",
            until="Jobs: with their selection. Figures: 8 days. Workers: a day.",
            seen_by="IT.",
            code="records/views/samples.py",
            tables=(
                "alembic_version",
                "clocks",
                "endings",
                "jobs",
                "last_settings",
                "samples",
                "store_identity",
                "workers",
            ),
        ),
    )


def _sealed(tables: tuple[str, ...]) -> tuple[str, ...]:
    named = {mapper.local_table.key: mapper for mapper in Base.registry.mappers}  # type: ignore[attr-defined]
    return tuple(
        f"{table}.{column}"
        for table in tables
        if (mapper := named.get(table)) is not None
        for column in sorted(sealed_columns(mapper))
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
