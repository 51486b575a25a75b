"""Where things are kept, by the settings in force. Kinds of places only: no host, path, bucket, user or password."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from records.keys.master import comes_from_file
from records.settings import Settings

_HERE: Final = {None, "localhost", "127.0.0.1", "::1"}


class Place(BaseModel):
    """One place in which something is kept."""

    model_config = ConfigDict(frozen=True)

    id: str
    name: str
    where: str
    """A sentence."""
    setting: str
    """What decides it."""


def places_of(settings: Settings) -> tuple[Place, ...]:
    """Every place of this installation."""
    return (
        Place(id="browser", name="The guider’s browser", where=_BROWSER, setting=""),
        Place(id="database", name="Database", where=_database(settings), setting="VIGPACK_DATABASE_URL"),
        Place(id="store", name="Store of files", where=_store(settings), setting="VIGPACK_STORAGE_URL"),
        Place(id="keys", name="Key store", where=_keys(settings), setting="VIGPACK_KEY_DIR"),
        Place(id="master", name="Master key", where=_master(settings), setting=_master_setting(settings)),
        Place(id="queue", name="Queue", where=_queue(settings), setting="VIGPACK_BROKER_URL"),
        Place(id="scratch", name="Work in progress", where=_SCRATCH, setting="VIGPACK_SCRATCH_DIR"),
        Place(id="logs", name="Logs", where=_logs(settings), setting="VIGPACK_LOG_DIR"),
        Place(id="backups", name="Backups", where=_backups(settings), setting="VIGPACK_BACKUP_RECIPIENT"),
    )


def is_in_a_bucket(settings: Settings) -> bool:
    """Whether files lie on another service."""
    return bool(settings.storage_url)


def is_database_elsewhere(settings: Settings) -> bool:
    """Whether the database is a server on another machine, or in a container of its own."""
    return _is_served(settings) and _is_elsewhere(settings.database_url)


def is_queue_elsewhere(settings: Settings) -> bool:
    """The same of the queue."""
    return bool(settings.broker_url) and _is_elsewhere(settings.broker_url)


def _is_served(settings: Settings) -> bool:
    return bool(settings.database_url) and not settings.database_url.startswith("sqlite")


def _is_elsewhere(address: str) -> bool:
    try:
        return urlsplit(address).hostname not in _HERE
    except ValueError:  # nobody knows where that is
        return True


_BROWSER = "On the guider’s own device. The film itself is never copied there or sent; it stays the file that it is."
_SCRATCH = (
    "A folder of the machine that works on a film, of the one job alone. What lies there is plain, because it is being "
    "decoded."
)


def _database(settings: Settings) -> str:
    if is_database_elsewhere(settings):
        return "A PostgreSQL server that the organisation’s IT chose."
    if _is_served(settings):
        return "A PostgreSQL server on the service’s own machine."
    return "A file (SQLite) on the service’s own machine."


def _store(settings: Settings) -> str:
    if not is_in_a_bucket(settings):
        return "A folder of the service’s own machine."
    if settings.s3_endpoint:
        return (
            "An S3 bucket at a server that the organisation’s IT named (VIGPACK_S3_ENDPOINT). Files arrive there"
            " sealed."
        )
    return f"An S3 bucket of Amazon Web Services, in the region {settings.s3_region}. Files arrive there sealed."


def _keys(settings: Settings) -> str:
    if settings.key_dir:
        return "A folder of its own, apart from the data, with each family’s key wrapped by the master key."
    return "A folder beside the data, with each family’s key wrapped by the master key."


def _master(settings: Settings) -> str:
    if settings.master_key.get_secret_value():
        return "Given to the service at its start as a secret; not in the data folder."
    if settings.master_key_command:
        return "Asked of a command of IT’s own at the start, such as a key management service; not in the data folder."
    if settings.master_key_file:
        return "A file at a place of IT’s choice, readable by the service’s account alone."
    return "A file of the data folder: who takes the whole folder has the key too."


def _master_setting(settings: Settings) -> str:
    if comes_from_file(settings):
        return "VIGPACK_MASTER_KEY_FILE"
    return "VIGPACK_MASTER_KEY" if settings.master_key.get_secret_value() else "VIGPACK_MASTER_KEY_COMMAND"


def _queue(settings: Settings) -> str:
    if is_queue_elsewhere(settings):
        return (
            "A queue server (Redis, Valkey or RabbitMQ) that IT chose. It carries random numbers of jobs and nothing of"
            " a family."
        )
    return "On the service’s own machine. It carries random numbers of jobs and nothing of a family."


def _logs(settings: Settings) -> str:
    kept = (
        ", and the newest lines in a folder of the service (1 MiB a part, dropped after a week)"
        if settings.log_dir
        else ""
    )
    return f"Standard error, kept as IT keeps it{kept}. No caption, code, name or footage is logged."


def _backups(settings: Settings) -> str:
    if settings.backup_recipient:
        return "Where IT puts them, sealed for a recipient’s public key; films and words in them are sealed once more."
    return "Where IT puts them, if it makes any: no recipient is set, so each backup has to name for whom it is sealed."
