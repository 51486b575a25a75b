"""The service's settings: environment variables named VIGPACK_…, or files of those names in VIGPACK_SECRETS_DIR."""

from __future__ import annotations

import os
import re
import warnings
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AliasChoices, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipeline.ffmpeg.devices import DecodeBy
from pipeline.ffmpeg.limits import Limits
from pipeline.ffmpeg.runner import FfmpegRunner
from pipeline.jail.jail import Jail

FORMER_NAMES = {"VIGPACK_HEAL_S": "VIGPACK_RECOVERY_S"}
"""Accepted for one release, and told."""
MIB = 1 << 20
GIB = 1 << 30
_PORTS = {"http": 80, "https": 443}
_CONTACT = re.compile(r"(mailto:[^@]+@[^@]+|https://.+|tel:\+?[0-9-]+)")
OneLine = Annotated[str, Field(max_length=300, pattern=r"^[^\x00-\x1f\x7f]*$")]


class Settings(BaseSettings):
    """Every setting, its default and its unit. An unset address means: on this machine, in ``data_dir``."""

    model_config = SettingsConfigDict(env_prefix="VIGPACK_", extra="ignore", populate_by_name=True)

    data_dir: Path = Path("vigpack-data")
    database_url: str = ""
    """SQLAlchemy's, sqlite:///… or postgresql+psycopg://…; empty: SQLite in data_dir."""
    migrate_database_url: str = ""
    """PostgreSQL's address with the role that owns the tables, for vigpack migrate and restore alone: they then give
    the role of database_url what the service needs and no more, so that it cannot change the audit. Empty: one role."""
    worker_role: str = Field(default="", pattern=r"^[a-z_][a-z0-9_]{0,62}$|^$")
    """PostgreSQL's role that workers log in with, to which vigpack migrate gives the rights that they need."""
    broker_url: str = ""
    """redis://… or valkey://…, or amqp://… (RabbitMQ); empty: a folder in data_dir (one machine only)."""
    storage_url: str = ""
    """s3://bucket/prefix; empty: a folder in data_dir."""
    s3_endpoint: str = ""
    s3_access_key_id: str = ""
    s3_secret_access_key: SecretStr = SecretStr("")
    s3_region: str = "us-east-1"
    token: SecretStr = SecretStr("")
    """The bearer token that guards the API; without one it listens on loopback only."""
    it_token: SecretStr = SecretStr("")
    """A second bearer token, for IT: it opens operations, readiness and figures, and nothing of any family."""
    service_key: SecretStr = SecretStr("")
    """What passes, audit lines and sealed columns are keyed from, at least 43 random characters, the same on every
    machine of the service; empty: a file in data_dir."""
    former_service_keys: SecretStr = SecretStr("")
    """What service_key was before it was replaced, with commas: the audit's lines and checkpoints of that time are
    checked with them."""
    master_key: SecretStr = SecretStr("")
    """What wraps the keys of families, at least 43 random characters, the same on every machine of the service; with
    white space several: the first one wraps, all open. Empty: from master_key_command or a file."""
    master_key_command: str = ""
    """A command that prints the master key, such as one that asks a KMS to unwrap it; not through a shell."""
    master_key_file: Path | None = None
    """The file of the master key; empty: data_dir/master-key, made at the first start."""
    key_dir: Path | None = None
    """The wrapped keys of families and selections: one folder that every machine of the service sees, best where no
    backup of the database or of files comes by. Empty: data_dir/keys."""
    local_accounts: bool = False
    """People sign in with an account of this service: a password and a second factor."""
    breached_passwords: Path | None = None
    """Passwords of known breaches, none of which is taken: a file of haveibeenpwned-downloader on this machine."""
    oidc_issuer: str = ""
    """People sign in with their organisation's accounts, by OpenID Connect: the provider's address, as it writes it."""
    oidc_client_id: str = ""
    """What the provider calls vigpack …"""
    oidc_client_secret: SecretStr = SecretStr("")
    """… and by what it knows that it is."""
    oidc_label: str = Field(default="", max_length=60)
    """What the button says: Sign in with Anytown Council."""
    oidc_scopes: str = "openid profile"
    oidc_hosts: str = ""
    """Hosts beside the issuer's that the provider uses for its keys and tokens, with commas."""
    oidc_roles_claim: str = ""
    """The claim in which the provider says who is what here: roles, groups, realm_access.roles …"""
    oidc_roles: str = ""
    """… and what its values mean, with commas: vig-guiders=guider, vig-leads=manager."""
    oidc_acr_values: str = ""
    """Ways to sign in (acr) that the provider is asked for; one of them must have been it."""
    oidc_amr_values: str = ""
    """Methods (amr) of which one must have been used: mfa."""
    oidc_create_accounts: bool = True
    """Whoever the provider gives a role gets an account when they first come; otherwise they have to be invited."""
    oidc_sign_out_there: bool = False
    """Who signs out here is sent on to sign out at the provider, too: on computers that several people use."""
    open_to_everyone_on_this_machine: bool = False
    """Without a token: ask nobody to sign in. Every account of this computer can then see and erase every film."""
    session_idle_s: int = Field(default=8 * 3600, ge=60)
    """Somebody who signed in with a token signs in again when nothing was asked for so long …"""
    session_longest_s: int = Field(default=16 * 3600, ge=60)
    """… and after this time in any case. On one person's own machine a session lasts 90 days."""
    host: str = "127.0.0.1"
    port: int = 8000
    proxy_url: str = ""
    """The address that the proxy serves (https://vigpack.example.org), to be watched; empty: it is not."""
    proxy_via: str = ""
    """The host:port to connect to for that, where the public name leads nowhere from inside."""
    trusted_proxies: str = "127.0.0.1,::1"
    """Whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses and networks with commas; *: anybody who
    connects, where only a proxy can."""
    consent_policy: Path | None = None
    """A TOML file that says for each purpose on what basis moments are used for it, and whether the family's agreement
    is needed; empty: configs/consent.toml."""
    rating_scale: Path | None = None
    """A TOML file with the rating scale as this service may print it, with the words of its questions; empty:
    configs/rating_scale.toml, which has their numbers only."""
    consent_grace_days: int = Field(default=60, ge=0)
    """So long after the update that began to ask who agreed, families that were there before go on as before."""
    controller: OneLine = ""
    """Who decides why and how what is of families is used (the controller, UK GDPR Art. 4 (7)), as papers name them."""
    data_protection_contact: OneLine = ""
    """Whom families and guiders ask about their data: the data protection officer, by role, address or number."""
    accessibility_contact: OneLine = ""
    """Whom somebody asks who cannot use a part of this, or needs it in another form."""
    security_contact: str = ""
    """Where weaknesses are told, for /.well-known/security.txt: mailto:, https: or tel: addresses with commas, the best
    first; empty: there is none, and that address answers 404."""
    public_url: str = ""
    """Where browsers reach the service: https://vigpack.example.org, with a port where it has one. For proxies that put
    another name into Host; empty: the name that arrives is the right one."""
    ffmpeg: str = ""
    """An ffmpeg to use instead of the packaged one."""
    decode_by: DecodeBy = "auto"
    """What decodes films: auto (devices that are there and were proved to decode as the processor does), off (the
    processor alone), or the name of one device: cuda, qsv, vaapi, vulkan, videotoolbox, d3d11va."""
    jail_required: bool = False
    """Open no film and no photograph where this machine cannot keep what reads them from files and networks."""
    worker_name: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """What a worker is called, after its machine's name; empty: its process number, so each start is a new worker."""
    log_dir: Path | None = None
    """Where API and workers also write their newest lines, for incident reports; empty: nowhere."""
    scratch_dir: Path | None = None
    """Where work in progress lies; empty: data_dir/scratch."""

    max_upload_bytes: int = Field(default=16 * GIB, gt=0)
    min_free_bytes: int = Field(default=2 * GIB, ge=0)
    """Selections and uploads are refused when less would be left on the disk."""
    most_waiting_jobs: int = Field(default=2000, gt=0)
    """No new selection or upload is taken while so many jobs wait for a worker."""
    most_begun_selections: int = Field(default=50, gt=0)
    """Selections that one person may have begun within a day without a byte of them having arrived."""
    most_promised_bytes: int = Field(default=64 * GIB, gt=0)
    """What one person may have announced and not yet sent, of uploads that moved within a day."""
    most_previews_per_minute: int = Field(default=60, gt=0)
    """Previews that one person may ask one API process for in a minute."""
    most_streams: int = Field(default=12, gt=0)
    """Event streams that one person may have open in one API process; beyond, the oldest is closed. A browser has one
    or two, however many windows."""
    retention_file: Path | None = None
    """How long what is of families is kept: a file like configs/retention.toml; empty: as that one says."""
    lease_s: int = Field(default=60, gt=0)
    heartbeat_s: int = Field(default=15, gt=0)
    recovery_s: int = Field(default=15, gt=0, validation_alias=AliasChoices("VIGPACK_RECOVERY_S", "VIGPACK_HEAL_S"))
    """How often lost messages and dead leases are looked for."""
    hung_after_s: int = Field(default=180, gt=0)
    """A part that does not get on for so long, though it could, is ended and started anew."""
    sweep_s: int = Field(default=3600, gt=0)
    """How often storage is looked through for what killed processes left there."""
    max_attempts: int = Field(default=3, gt=0)
    retry_after_s: float = Field(default=5.0, ge=0)
    """Before the second attempt; doubled before each further one."""
    outage_patience_s: int = Field(default=24 * 3600, ge=0)
    """Attempts that fail because storage is away or a disk is full count only when a job has waited this long."""
    job_limit_s: int = Field(default=3600, gt=0)
    """The longest one job may take; a minute later it is ended by force."""
    job_memory_bytes: int = Field(default=3 * GIB, gt=256 * MIB)
    """What a job's own process and its ffmpeg may each use; 4K at its own size takes 1.2 GiB."""
    job_file_bytes: int = Field(default=2 * GIB, gt=0)
    """The largest file one job may write, but for copies of a film."""
    job_niceness: int = Field(default=10, ge=0, le=19)
    """How far a job gives way to everything else on its machine, the API's answers above all; 0: not at all."""

    audit_checkpoint_dir: Path | None = None
    """Where signed words of how far the audit goes are kept beside the log: best on another machine; empty: nowhere."""
    audit_checkpoint_s: int = Field(default=300, gt=0)
    """How often one is written, if there are new lines."""
    backup_recipient: str = ""
    """The public half of the key that backups are sealed for (vigpack backup --new-key); several with commas."""
    backup_max_age_days: float = Field(default=7, ge=0)
    """IT is told when there is something that no backup of so many days holds; 0: backups are not watched."""

    @field_validator("service_key", "master_key")
    @classmethod
    def _long_enough(cls, given: SecretStr) -> SecretStr:
        if any(len(word) < 43 for word in given.get_secret_value().split()):
            raise ValueError("it must have at least 43 random characters: openssl rand -base64 33")
        return given

    @field_validator("security_contact")
    @classmethod
    def _as_addresses(cls, given: str) -> str:
        """As RFC 9116 has them: each a URI, none with a space or a line's end."""
        named = [one.strip() for one in given.split(",") if one.strip()]
        if any(not _CONTACT.fullmatch(one) or not one.isprintable() or " " in one for one in named):
            raise ValueError("write mailto:security@example.org, https://… or tel:+44…, several with commas")
        return ",".join(named)

    @field_validator("public_url")
    @classmethod
    def _as_an_origin(cls, given: str) -> str:
        """As browsers write an origin: small letters, no slash at its end, no port that goes without saying."""
        if not given:
            return ""
        address = urlsplit(given.strip())
        if address.scheme not in _PORTS or not address.hostname or address.username or address.path.strip("/"):
            raise ValueError("write it as https://vigpack.example.org: a scheme, a name, and a port if it has one")
        host = f"[{address.hostname}]" if ":" in address.hostname else address.hostname
        named = address.port not in (None, _PORTS[address.scheme])
        return f"{address.scheme}://{host}:{address.port}" if named else f"{address.scheme}://{host}"

    @property
    def has_accounts(self) -> bool:
        """Whether people have accounts of their own."""
        return self.local_accounts or bool(self.oidc_issuer)

    def database(self) -> str:
        """The database's address, the default filled in."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'vigpack.sqlite3').resolve()}"

    def owner_database(self) -> str:
        """The address for making and changing tables."""
        is_theirs = self.database_url.startswith("postgresql")  # and no throwaway one beside it
        return self.migrate_database_url if is_theirs and self.migrate_database_url else self.database()

    def keys_dir(self) -> Path:
        """The folder of the wrapped keys, the default filled in."""
        return self.key_dir or self.data_dir / "keys"

    def scratch(self) -> Path:
        """The folder for work in progress, the default filled in."""
        return self.scratch_dir or self.data_dir / "scratch"

    def ffmpeg_runner(self) -> FfmpegRunner:
        """The ffmpeg that does all media work, bounded alike in jobs, previews and commands."""
        return FfmpegRunner(self.ffmpeg, Limits(self.job_memory_bytes, self.job_file_bytes))

    def jail_for_media(self) -> Jail:
        """Where films and photographs are opened."""
        return Jail(Limits(self.job_memory_bytes, self.job_file_bytes), self.jail_required, self.ffmpeg)


def load_settings(**given: Any) -> Settings:
    """The settings from the environment and from the files in VIGPACK_SECRETS_DIR, if named; ``given`` wins.

    Warns of each former name in use. Raises: PermissionError, where a secret may not be read.
    """
    names = {name.upper() for name in os.environ}
    if secrets := os.environ.get("VIGPACK_SECRETS_DIR"):
        given["_secrets_dir"] = secrets
        for file in Path(secrets).iterdir() if Path(secrets).is_dir() else ():
            if file.is_file():
                file.open("rb").close()  # else it is told as a fault of ours, without its name
            names.add(file.name.upper())
    for former, name in FORMER_NAMES.items():
        if former in names:
            warnings.warn(f"{former} is called {name} now; the next release no longer reads it", FutureWarning, 2)
    return Settings(**given)


@cache
def settings() -> Settings:
    """The process's settings, read once."""
    return load_settings()
