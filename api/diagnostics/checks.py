"""Whether each part of the service can do its work, and how to put it right where it cannot."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from api.diagnostics.check import Check
from api.diagnostics.contacts import check_contacts
from api.diagnostics.decoding import check_decoding
from api.diagnostics.sign_in import check_sign_in
from pipeline.errors import PipelineError
from pipeline.ffmpeg.capabilities import read_capabilities
from records.accounts.organisation.configuration import organisation_of
from records.accounts.organisation.errors import OrganisationMisconfigured, ProviderAway
from records.accounts.organisation.logout_token import SKEW_S
from records.audit.log import may_change
from records.clock import utcnow
from records.database import Database, clock_skew_s, open_database
from records.folders import folder_problems
from records.keys.health import find_key_problem
from records.ledger.store_identity import compare_store
from records.migrations.migrate import is_current
from records.settings import GIB, Settings
from records.storage.open import open_storage
from records.views.queue_stats import queue_figures
from worker.broker import is_rabbitmq, queue_length
from worker.monitoring.alerts import JAIL_REMEDY, MOST_SKEW_S, PROXY_ANEW, assess_store, start_a_worker, without_jail
from worker.monitoring.proxy import ask_proxy
from worker.redis_server import find_redis_server

if TYPE_CHECKING:
    from records.accounts.organisation.provider import Provider

SQLITE_NAME = "vigpack.sqlite3"
_FONT_PACKAGE = "fontpkg_atkinson_hyperlegible"


def check_everything(settings: Settings) -> Iterator[Check]:
    """Each part in turn; never raises for a part that is unwell, and makes nothing that was not there."""
    if not has_database(settings):
        yield from (
            check_python(),
            check_ffmpeg(settings),
            check_jail(settings),
            check_decoding(settings),
            check_fonts(),
            check_folders(settings),
        )
        yield from (check_disk(settings), check_queue(settings))
        remedy = "vigpack up makes it, or vigpack migrate."
        yield Check(part="database", state="warn", found=f"none yet in {settings.data_dir}", remedy=remedy)
        return
    database = open_database(settings)
    checks: list[Callable[[], Check]] = [
        check_python,
        lambda: check_ffmpeg(settings),
        lambda: check_jail(settings),
        lambda: check_decoding(settings),
        check_fonts,
        lambda: check_folders(settings),
        lambda: check_private(settings),
        lambda: check_disk(settings),
        lambda: check_database(database),
        lambda: check_clock(database),
        lambda: check_queue(settings),
        lambda: check_storage(settings),
        lambda: check_keys(settings),
        lambda: check_store_match(settings, database),
        lambda: check_workers(database, settings),
        lambda: check_contacts(settings),
    ]
    if settings.database_url.startswith("postgresql"):
        checks.append(lambda: check_role(database))
    if settings.proxy_url:
        checks.append(lambda: check_proxy(settings))
    if settings.has_accounts or settings.token.get_secret_value():
        checks.append(lambda: check_sign_in(settings))
    if settings.oidc_issuer:
        checks.append(lambda: check_organisation(settings))
    if settings.public_url:
        checks.append(lambda: check_public_url(settings))
    try:
        for check in checks:
            yield check()
    finally:
        database.dispose()


def has_database(settings: Settings) -> bool:
    """Whether there is a database to look at; looking would make SQLite's file."""
    return bool(settings.database_url) or (settings.data_dir / SQLITE_NAME).exists()


def check_python() -> Check:
    """The Python that runs this; versions beyond the locked packages are only warned of."""
    found = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro} on {sys.platform}"
    if sys.platform != "linux":
        remedy = "vigpack up is made for Linux; elsewhere its parts may outlive it when it is killed."
        return Check(part="Python", state="warn", found=found, remedy=remedy)
    if sys.version_info >= (3, 15):
        remedy = "The packages are locked for 3.11 to 3.14: make PYTHON=python3.13"
        return Check(part="Python", state="warn", found=found, remedy=remedy)
    return Check(part="Python", state="ok", found=found)


def check_private(settings: Settings) -> Check:
    """That no other account of one person's machine can look into the data folder."""
    folder = settings.data_dir.resolve()
    mode = folder.stat().st_mode & 0o777 if folder.is_dir() else 0o700
    if settings.token.get_secret_value() or not mode & 0o077:
        found = "its accounts are the container's or server's" if mode & 0o077 else f"{folder} is this account's alone"
        return Check(part="privacy", state="ok", found=found)
    found = f"other accounts of this computer can look into {folder} (mode {mode:o})"
    return Check(part="privacy", state="warn", found=found, remedy=f"chmod go-rwx {folder}")


def check_ffmpeg(settings: Settings) -> Check:
    """That ffmpeg starts and has each filter and encoder that the media work needs."""
    runner = settings.ffmpeg_runner()
    other = "Leave VIGPACK_FFMPEG unset to use the packaged one, or name a full build of ffmpeg 7.1 or newer."
    try:
        program, can = runner.executable(), read_capabilities(runner)
    except PipelineError as error:
        return Check(part="ffmpeg", state="bad", found=str(error)[:300], remedy=other)
    if missing := can.missing():
        return Check(part="ffmpeg", state="bad", found=f"{can.version} lacks {', '.join(missing)}", remedy=other)
    if can.is_too_old():
        return Check(part="ffmpeg", state="bad", found=f"{can.version} is too old", remedy=other)
    return Check(part="ffmpeg", state="ok", found=f"{can.version} ({program})")


def check_jail(settings: Settings) -> Check:
    """That what opens films can reach neither files nor networks."""
    jail = settings.jail_for_media()
    kept = jail.held_by()
    beside = [f"Landlock {kept.landlock}"] if kept.landlock else []
    beside += ["a filter of calls"] if kept.filter else []
    if kept.kept_by == "namespaces":
        found = f"films are opened in a place of their own: {', '.join(['bubblewrap', *beside])}"
        return Check(part="jail", state="ok", found=found)
    if kept.kept_by == "landlock":
        found = f"films are opened behind {' and '.join(beside)}; a place of their own cannot be made: {kept.why_not}"
        return Check(part="jail", state="ok", found=found[:300])
    found = f"what opens films is not kept from files and networks: {kept.why_not}"
    return Check(part="jail", state="bad" if jail.required else "warn", found=found[:300], remedy=JAIL_REMEDY)


def check_fonts() -> Check:
    """That the font of notes and packs is there."""
    found = list(files(_FONT_PACKAGE).joinpath("files").iterdir())
    if not any(path.name.endswith(".ttf") for path in found):
        remedy = "Install the requirements again: make setup"
        return Check(part="fonts", state="bad", found="Atkinson Hyperlegible is missing", remedy=remedy)
    return Check(part="fonts", state="ok", found="Atkinson Hyperlegible")


def check_folders(settings: Settings) -> Check:
    """That everything the service writes on this machine can be written by this user."""
    problems = folder_problems(settings, "api", "worker")
    if problems:
        found, remedy = "; ".join(one.message for one in problems), "; ".join({one.remedy: None for one in problems})
        return Check(part="folders", state="bad", found=found, remedy=remedy)
    return Check(part="folders", state="ok", found=f"{settings.data_dir.resolve()} can be written")


def check_disk(settings: Settings) -> Check:
    """That there is room for uploads and work."""
    free = shutil.disk_usage(_nearest_existing(settings.data_dir)).free
    found = f"{free / GIB:.1f} GiB free"
    if free < settings.min_free_bytes:
        remedy = f"Free some space: uploads are refused below {settings.min_free_bytes / GIB:.1f} GiB."
        return Check(part="disk", state="bad", found=found, remedy=remedy)
    if free < 2 * settings.min_free_bytes + 2 * GIB:
        remedy = f"Uploads will be refused below {settings.min_free_bytes / GIB:.1f} GiB."
        return Check(part="disk", state="warn", found=found, remedy=remedy)
    return Check(part="disk", state="ok", found=found)


def check_database(database: Database) -> Check:
    """That the database answers and has the tables of this version."""
    kind = database.engine.dialect.name
    try:
        database.ping()
        current = is_current(database)
    except PipelineError as error:
        remedy = "Is it running, and is VIGPACK_DATABASE_URL right?"
        return Check(part="database", state="bad", found=f"{kind}: {error}", remedy=remedy)
    if not current:
        remedy = "Run vigpack migrate; if this machine has an older vigpack than the database, update it."
        return Check(part="database", state="bad", found=f"{kind}: its tables are of another version", remedy=remedy)
    return Check(part="database", state="ok", found=f"{kind}, tables up to date")


def check_role(database: Database) -> Check:
    """That the service's own role in PostgreSQL cannot change the audit."""
    part = "database role"
    try:
        if not may_change(database):
            return Check(part=part, state="ok", found="it can add to the audit and cannot change it")
    except PipelineError:
        return Check(part=part, state="warn", found="unknown, as the database does not answer")
    found = "it owns the tables, or may do everything: it could change the audit, which only its chain would show"
    remedy = "Give the service a role of its own: docs/operations.md, A role that owns the tables."
    return Check(part=part, state="warn", found=found, remedy=remedy)


def check_clock(database: Database) -> Check:
    """That this machine and the database agree on the time: leases and expiries compare both."""
    if database.engine.dialect.name == "sqlite":
        return Check(part="clock", state="ok", found="the database is on this machine")
    try:
        skew_s = clock_skew_s(database)
    except PipelineError:
        return Check(part="clock", state="warn", found="unknown, as the database does not answer")
    found = f"{abs(skew_s):.2f} s {'ahead of' if skew_s > 0 else 'behind'} the database"
    if abs(skew_s) > MOST_SKEW_S:
        remedy = "Let both machines take the time from the same place (NTP)."
        return Check(part="clock", state="bad", found=found, remedy=remedy)
    return Check(part="clock", state="ok", found=found)


def check_queue(settings: Settings) -> Check:
    """That the queue answers, keeps what it is given and is not full."""
    if not settings.broker_url:
        if find_redis_server():
            return Check(part="queue", state="ok", found="a Redis that vigpack up starts itself")
        remedy = "This is enough for one machine. For several: install redis-server and set VIGPACK_BROKER_URL."
        return Check(part="queue", state="ok", found="a folder in the data folder", remedy=remedy)
    if is_rabbitmq(settings):
        return _check_rabbitmq(settings)
    from redis import Redis
    from redis.exceptions import RedisError

    try:
        address = re.sub("^valkey", "redis", settings.broker_url)
        with Redis.from_url(address, socket_connect_timeout=3, socket_timeout=3) as redis:
            facts = redis.info()
    except (RedisError, ValueError) as error:
        remedy = "Is it running, and is VIGPACK_BROKER_URL right? Jobs wait safely in the database until then."
        return Check(part="queue", state="bad", found=f"Redis: {type(error).__name__}", remedy=remedy)
    found = f"Redis {facts['redis_version']}"
    if facts.get("maxmemory_policy") not in (None, "noeviction"):
        remedy = "Set maxmemory-policy noeviction: a full queue must refuse, not forget."
        return Check(part="queue", state="warn", found=f"{found} may drop messages", remedy=remedy)
    if not facts.get("aof_enabled"):
        remedy = "Set appendonly yes, so that a restart of Redis delays no job (none is lost in any case)."
        return Check(part="queue", state="warn", found=f"{found} forgets when it restarts", remedy=remedy)
    return Check(part="queue", state="ok", found=found)


def _check_rabbitmq(settings: Settings) -> Check:
    if (waiting := queue_length(settings)) is None:
        remedy = (
            "Is it running, and is VIGPACK_BROKER_URL right? A queue of that name that is not a quorum queue must go."
        )
        return Check(part="queue", state="bad", found="RabbitMQ does not answer as it should", remedy=remedy)
    return Check(part="queue", state="ok", found=f"RabbitMQ, a quorum queue with {waiting} messages")


def check_storage(settings: Settings) -> Check:
    """That a file can be stored, read and erased."""
    place = settings.storage_url or "a folder in the data folder"
    key = f"checks/{os.getpid()}-{time.time_ns()}"
    try:
        storage = open_storage(settings)
        with tempfile.TemporaryDirectory() as folder:
            probe = Path(folder, "probe")
            probe.write_bytes(b"vigpack")
            storage.put(probe, key)
            read = b"".join(storage.read(key, 0, 7))
        storage.delete(key)
    except PipelineError as error:
        remedy = "Are VIGPACK_STORAGE_URL and its key right, and may that key write?" if settings.storage_url else ""
        return Check(part="storage", state="bad", found=f"{place}: {error}"[:300], remedy=remedy)
    if read != b"vigpack":
        return Check(part="storage", state="bad", found=f"{place} gives back other bytes than it took")
    return Check(part="storage", state="ok", found=f"{place}: stored, read and erased a file")


def check_keys(settings: Settings) -> Check:
    """That the keys of films and words can be opened, by nobody else, and are backed up."""
    if (problem := find_key_problem(settings)) is not None:
        return Check(part="keys", state=problem.level, found=problem.message, remedy=problem.remedy)
    return Check(part="keys", state="ok", found="at hand, readable by nobody else, and backed up")


def check_store_match(settings: Settings, database: Database) -> Check:
    """That the stored files are those that the database knows of; where they are not, nothing is swept."""
    part = "store and database"
    try:
        if not is_current(database):
            return Check(part=part, state="warn", found="unknown, as the database is of another version")
        found = compare_store(database, open_storage(settings))
    except PipelineError:
        return Check(part=part, state="warn", found="unknown, as one of them does not answer")
    alert = assess_store(found.match, found.strange_files)
    if alert is None:
        return Check(part=part, state="ok", found="belong together")
    return Check(part=part, state=alert.level, found=alert.message, remedy=alert.remedy)


def check_workers(database: Database, settings: Settings) -> Check:
    """That somebody takes jobs."""
    try:
        if not is_current(database):
            return Check(part="workers", state="warn", found="unknown, as the database is of another version")
        with database.reading() as session:
            queue = queue_figures(session, settings, utcnow())
    except PipelineError:
        return Check(part="workers", state="warn", found="unknown, as the database does not answer")
    working = sum(worker.state == "working" for worker in queue.workers)
    if not working:
        remedy = start_a_worker(queue.workers)
        return Check(part="workers", state="bad", found="none is running; moments wait until one is", remedy=remedy)
    found = "one takes jobs" if working == 1 else f"{working} take jobs"
    if open_ones := without_jail(queue):
        first = open_ones[0]
        found += f"; {len(open_ones)} without a jail for films, {first.name} because {first.jail_missing_because}"
        state: Literal["bad", "warn"] = "bad" if settings.jail_required else "warn"
        return Check(part="workers", state=state, found=found[:300], remedy=JAIL_REMEDY)
    return Check(part="workers", state="ok", found=found)


def check_proxy(settings: Settings) -> Check:
    """That browsers get an answer from the proxy, with a certificate that lasts."""
    found = ask_proxy(settings.proxy_url, settings.proxy_via)
    if found.problem:
        return Check(part="proxy", state="bad", found=f"{found.url}: {found.problem}", remedy=PROXY_ANEW)
    ends = f"; its certificate ends {found.certificate_ends_at:%Y-%m-%d %H:%M} UTC" if found.certificate_ends_at else ""
    if found.ends_soon(utcnow()):
        return Check(part="proxy", state="warn", found=f"{found.url} answers{ends}: not renewed", remedy=PROXY_ANEW)
    return Check(part="proxy", state="ok", found=f"{found.url} answers{ends}")


def check_organisation(settings: Settings) -> Check:
    """That the organisation's sign-in answers, is who the settings say, has keys, and has our time."""
    from records.accounts.organisation.provider import Provider

    part = "organisation's sign-in"
    try:
        organisation = organisation_of(settings)
        if organisation is None:
            return Check(part=part, state="ok", found="not set")
        skew_s = asyncio.run(_ask_organisation(Provider(organisation)))
    except OrganisationMisconfigured as error:
        return Check(part=part, state="bad", found=error.for_guider, remedy="Complete the settings VIGPACK_OIDC_….")
    except ProviderAway as error:
        remedy = (
            "Is VIGPACK_OIDC_ISSUER written as the provider writes it, and can this machine reach it by https? "
            "A certificate of your own authority must be among the machine's; further hosts go into VIGPACK_OIDC_HOSTS."
        )
        return Check(part=part, state="bad", found=str(error)[:300], remedy=remedy)
    if skew_s is not None and abs(skew_s) > SKEW_S:
        found = f"its clock and ours differ by {abs(skew_s):.0f} s"
        return Check(part=part, state="bad", found=found, remedy="Let this machine take the time from NTP.")
    return Check(part=part, state="ok", found=f"{organisation.issuer} answers and has keys")


async def _ask_organisation(provider: Provider) -> float | None:
    await provider.endpoints()
    await provider.refresh_keys()
    return provider.skew_s


def check_public_url(settings: Settings) -> Check:
    """That vigpack answers where VIGPACK_PUBLIC_URL says. No token is sent there: it may be somebody else's address."""
    part, address = "public address", settings.public_url
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=5) as answer:  # noqa: S310 http or https by its rule
            is_vigpack = json.loads(answer.read(1000)) == {"status": "alive"}
    except urllib.error.HTTPError as error:
        found, remedy = f"{address} answers {error.code}", "Does the proxy hand everything on, /healthz too?"
        return Check(part=part, state="bad", found=found, remedy=remedy)
    except OSError as error:
        found = f"{address} cannot be reached from here ({getattr(error, 'reason', error)})"
        remedy = "Open it in a browser. Containers and some servers cannot reach their own public address."
        return Check(part=part, state="warn", found=found[:300], remedy=remedy)
    except ValueError:
        is_vigpack = False
    if not is_vigpack:
        remedy = "Set VIGPACK_PUBLIC_URL to what guiders have in their browser's address bar, without a path."
        return Check(part=part, state="bad", found=f"something else answers at {address}", remedy=remedy)
    return Check(part=part, state="ok", found=f"vigpack answers at {address}")


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
