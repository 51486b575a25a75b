"""What leaves the service, to whom, and what protects it: by the settings in force."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from records.copies.links import LONGEST as LONGEST_LINK
from records.copies.register import Carrier
from records.inventory.places import is_database_elsewhere, is_in_a_bucket, is_queue_elsewhere
from records.settings import Settings


class Leaving(BaseModel):
    """One way out."""

    model_config = ConfigDict(frozen=True)

    id: str
    what: str
    to: str
    protected_by: str
    of_families: bool
    """Whether anything of a family goes this way."""
    code: str


CARRIED: Final = {
    Carrier.SEALED: Leaving(
        id=Carrier.SEALED,
        what="A pack that asks for a passphrase",
        to="The family, a supervisor, or whom else the guider names",
        protected_by=(
            "AES-256-GCM under a passphrase of six words, which the service does not keep; an entry in the register of "
            "copies, with a day."
        ),
        of_families=True,
        code="pipeline/pack/sealed.py",
    ),
    Carrier.LINK: Leaving(
        id=Carrier.LINK,
        what="A link, for phones and tablets",
        to="Everybody who has the link",
        protected_by=(
            f"A secret of 256 bits; it ends on its day ({LONGEST_LINK.days} days at most) and at once when it is ended;"
            " each opening is counted and audited."
        ),
        of_families=True,
        code="records/copies/links.py",
    ),
    Carrier.PLAIN: Leaving(
        id=Carrier.PLAIN,
        what="A plain file: a film, pictures, a PDF, a pack",
        to="The family, or whom else the guider names",
        protected_by=(
            "Nothing but care: a reason is asked for and kept, and the register of copies says to bring it back."
        ),
        of_families=True,
        code="records/copies/register.py",
    ),
}

_ANSWER: Final = Leaving(
    id="subject-access",
    what="The answer to a subject access request",
    to="Somebody of the family, or who acts for them",
    protected_by=(
        "Each thing is looked at first, and others in it are covered or left out; a plain archive, given over in person"
        " or by secure mail; an entry in the register of copies."
    ),
    of_families=True,
    code="records/subject_access/requests.py",
)


def leaving_of(settings: Settings) -> tuple[Leaving, ...]:
    """Every way out of this installation, those of families first."""
    return (*CARRIED.values(), _ANSWER, *_to_other_services(settings), *_to_it(settings))


def is_one_machine(settings: Settings) -> bool:
    """Whether database, store and queue are all of the service's own machine."""
    return not (is_in_a_bucket(settings) or is_database_elsewhere(settings) or is_queue_elsewhere(settings))


NOTHING_ELSE: Final = (
    "Nothing else leaves: no analytics, no mail, no fonts or scripts from elsewhere; a browser is told to load nothing"
    " from any other place (Content-Security-Policy, api/middleware/limits.py)."
)


def _to_other_services(settings: Settings) -> tuple[Leaving, ...]:
    found = []
    if is_in_a_bucket(settings):
        whose = (
            "a server that IT named" if settings.s3_endpoint else f"Amazon Web Services, region {settings.s3_region}"
        )
        found.append(
            Leaving(
                id="bucket",
                what="Films, clips and packs, sealed",
                to=f"The S3 bucket: {whose}",
                protected_by="They are sealed before they leave; the keys do not go there.",
                of_families=True,
                code="records/storage/sealed.py",
            )
        )
    if is_database_elsewhere(settings):
        found.append(
            Leaving(
                id="database",
                what="Records; words of families sealed",
                to="The PostgreSQL server",
                protected_by="Columns with words are sealed before they leave; the keys do not go there.",
                of_families=True,
                code="records/models/sealed.py",
            )
        )
    if is_queue_elsewhere(settings):
        found.append(
            Leaving(
                id="queue",
                what="Random numbers of jobs",
                to="The queue server",
                protected_by="Nothing of a family is in them.",
                of_families=False,
                code="worker/broker.py",
            )
        )
    if settings.oidc_issuer:
        found.append(
            Leaving(
                id="sign-in",
                what="That somebody signs in here",
                to="The organisation’s sign-in",
                protected_by="TLS; nothing of a family. Back come the person’s number, name and roles.",
                of_families=False,
                code="records/accounts/organisation/provider.py",
            )
        )
    return tuple(found)


def _to_it(settings: Settings) -> tuple[Leaving, ...]:
    found = [
        Leaving(
            id="backup",
            what="Backups, when IT makes them",
            to="Where IT puts them",
            protected_by="Sealed for the public key of a recipient; keys are backed up apart.",
            of_families=True,
            code="records/backup/make.py",
        ),
        Leaving(
            id="figures",
            what="Figures, logs and incident reports",
            to="IT and its monitoring",
            protected_by="No name, code, caption or footage is in them.",
            of_families=False,
            code="records/redaction.py",
        ),
    ]
    if settings.audit_checkpoint_dir:
        found.append(
            Leaving(
                id="checkpoints",
                what="Signed words of how far the audit goes",
                to="The folder that IT named for them",
                protected_by="A number, a sum and a signature; nothing of a family.",
                of_families=False,
                code="records/audit/checkpoints.py",
            )
        )
    return tuple(found)
