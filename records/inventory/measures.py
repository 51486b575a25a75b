"""What protects families here, whether it is in force, and what each leaves open."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from records.inventory.access import is_personal
from records.inventory.words import said_interval, said_period, said_seconds
from records.keys.master import comes_from_file
from records.retention_policy.policy import Policy
from records.settings import Settings


class Measure(BaseModel):
    """One measure."""

    model_config = ConfigDict(frozen=True)

    id: str
    title: str
    in_force: Literal["yes", "no", "depends"]
    """Depends: not by a setting, but on the machine or on what stands before the service."""
    says: str
    code: str


def measures_of(settings: Settings, policy: Policy) -> tuple[Measure, ...]:
    """Every technical and organisational measure that the program knows of, in force or not."""
    return (*_always(policy), *_by_setting(settings))


def _always(policy: Policy) -> tuple[Measure, ...]:
    return (
        Measure(
            id="minimised",
            title="The film does not travel",
            in_force="yes",
            says=(
                "The page cuts the chosen seconds on the guider’s device and sends only those; it says what leaves, and"
                " how much, before it does. A film is sent whole only where the guider chooses it."
            ),
            code="web/src/film/cut/cutMoment.ts",
        ),
        Measure(
            id="stripped",
            title="Place and device are removed",
            in_force="yes",
            says="Clips, stills and packs carry no position, device or time of filming.",
            code="pipeline/cut/clips.py",
        ),
        Measure(
            id="sealed",
            title="Sealed at rest",
            in_force="yes",
            says=(
                "Films, words and codes are sealed (AES-256-GCM) with a key for each family and each selection, from"
                " the moment they are stored."
            ),
            code="records/storage/sealed.py",
        ),
        Measure(
            id="agreed",
            title="Nothing without agreement",
            in_force="yes",
            says=(
                "Nothing is sent, made, opened, shared or handed out for a purpose whose agreement is needed and"
                " missing; a no stops and erases."
            ),
            code="records/consent/check.py",
        ),
        Measure(
            id="own",
            title="A family is its guider’s alone until she shares it",
            in_force="yes",
            says="What is somebody else’s is answered as what does not exist.",
            code="records/families/access.py",
        ),
        Measure(
            id="audited",
            title="Each look and change leaves a line",
            in_force="yes",
            says="Lines are chained by a key outside the database, so that one that was changed or taken out is found.",
            code="records/audit/chain.py",
        ),
        Measure(
            id="ends",
            title="Erased on time, and for good",
            in_force="yes",
            says=(
                f"The policy is carried out hourly, after {said_period(policy.notice)} of notice; the key is destroyed"
                " first; a restored backup does not bring it back."
            ),
            code="records/actions/erase_family.py",
        ),
        Measure(
            id="codes",
            title="Codes instead of names",
            in_force="yes",
            says=(
                "Families stand under a code, people by role and initials. The page warns of a first name in a code;"
                " nothing keeps somebody from writing a name into a caption."
            ),
            code="web/src/families/codeHints.ts",
        ),
    )


def _by_setting(settings: Settings) -> tuple[Measure, ...]:
    idle = said_seconds(settings.session_idle_s)
    return (
        Measure(
            id="persons",
            title="Everybody is known by an account of their own",
            in_force=_yes(is_personal(settings)),
            says=(
                "With a second factor, or by the organisation’s sign-in."
                if settings.has_accounts and is_personal(settings)
                else (
                    "One person on their own machine."
                    if is_personal(settings)
                    else (
                        "Several people share one way in: the audit cannot tell them apart (VIGPACK_LOCAL_ACCOUNTS,"
                        " VIGPACK_OIDC_ISSUER)."
                    )
                )
            ),
            code="records/accounts/principal.py",
        ),
        Measure(
            id="sessions",
            title="Sessions end by themselves",
            in_force="yes",
            says=(
                f"After {idle} without a request."
                if settings.has_accounts or settings.token.get_secret_value()
                else "After 90 days without a request, on one person’s own machine."
            ),
            code="records/accounts/sessions.py",
        ),
        Measure(
            id="jail",
            title="Films are opened in a jail",
            in_force="yes" if settings.jail_required else "depends",
            says=(
                "No film is opened where the machine cannot keep what reads it from network, secrets and other files."
                if settings.jail_required
                else (
                    "Wherever the machine can do it (vigpack doctor says whether); it is not required, so elsewhere"
                    " films are opened without (VIGPACK_JAIL_REQUIRED)."
                )
            )
            + ("" if settings.decode_by == "off" else " A graphics chip that decodes them can be used from inside."),
            code="pipeline/jail/jail.py",
        ),
        Measure(
            id="master",
            title="The master key lies apart from the data",
            in_force=_yes(not comes_from_file(settings) or settings.master_key_file is not None),
            says=(
                "Who takes the data folder does not have it."
                if not comes_from_file(settings) or settings.master_key_file
                else (
                    "It is a file of the data folder: what is taken without that file is protected, the whole folder is"
                    " not."
                )
            ),
            code="records/keys/master.py",
        ),
        Measure(
            id="key-store",
            title="Keys age apart from the data",
            in_force=_yes(settings.key_dir is not None),
            says=(
                "The key store is a folder of its own."
                if settings.key_dir
                else (
                    "The key store lies in the data folder: leave it out of backups of the folder, or set"
                    " VIGPACK_KEY_DIR."
                )
            ),
            code="records/keys/store.py",
        ),
        Measure(
            id="checkpoints",
            title="The audit’s end is noted elsewhere",
            in_force=_yes(settings.audit_checkpoint_dir is not None),
            says=(
                f"Signed, every {said_interval(settings.audit_checkpoint_s)} with new lines."
                if settings.audit_checkpoint_dir
                else (
                    "In the API’s log alone: lines that were cut off at the end are found by those who keep that log"
                    " elsewhere (VIGPACK_AUDIT_CHECKPOINT_DIR)."
                )
            ),
            code="records/audit/checkpoints.py",
        ),
        Measure(
            id="tls",
            title="Encrypted on its way",
            in_force=_yes(settings.public_url.startswith("https://")) if settings.public_url else "depends",
            says=_tls(settings),
            code="configs/Caddyfile",
        ),
        Measure(
            id="backups",
            title="Backups are watched",
            in_force=_yes(settings.backup_max_age_days > 0),
            says=(
                f"IT is told when no backup is younger than {settings.backup_max_age_days:g} days."
                if settings.backup_max_age_days > 0
                else "Nobody is told when backups fail (VIGPACK_BACKUP_MAX_AGE_DAYS is 0)."
            ),
            code="worker/monitoring/alerts.py",
        ),
    )


def _tls(settings: Settings) -> str:
    if settings.public_url.startswith("https://"):
        return "Browsers come by https; the organisation’s proxy holds the certificate."
    if settings.public_url:
        return "VIGPACK_PUBLIC_URL is an http:// address: what passes can be read on the network."
    return (
        "By the proxy in front of it, where there is one; the service itself answers this machine alone unless a token"
        " or accounts are set."
    )


def _yes(is_so: bool) -> Literal["yes", "no"]:
    return "yes" if is_so else "no"
