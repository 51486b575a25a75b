"""What is known of the service at one moment. What cannot be known is None, never 0."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.jail.jail import Kept
from records.folders import FolderProblem
from records.keys.health import KeyProblem
from records.ledger.store_identity import StoreMatch
from records.views.queue_stats import QueueFigures


class AnotherAddress(BaseModel):
    """A browser that came to an address which is neither what arrived at the API nor VIGPACK_PUBLIC_URL."""

    model_config = ConfigDict(frozen=True)

    origin: str
    refused: bool
    """Whether it could do nothing; where it could, it said itself that the page is ours."""


class Facts(BaseModel):
    """One look at every part."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)

    at: datetime
    version: str
    database: Literal["sqlite", "postgresql"]
    database_answers: bool
    database_current: bool | None = None
    """Whether its tables have the shape this version expects."""
    database_full: bool = False
    """Whether its disk had no room of late, for what the API or a worker was to keep."""
    broker: Literal["redis", "rabbitmq", "folder"]
    broker_answers: bool
    broker_messages: int | None = None
    """Wake-up messages that wait in it."""
    storage: Literal["folder", "s3"]
    storage_writable: bool
    """Whether films can be received and kept."""
    folder_problems: list[FolderProblem] = []
    """What the API's machine has that cannot be written."""
    key_problem: KeyProblem | None = None
    """What is wrong with the keys that films and words are sealed with."""
    store_match: StoreMatch | None = None
    """How the store and the database belong together."""
    store_strange_files: int = 0
    """Files in the store of selections that this database never had, as the last sweep counted them."""
    disk_free_bytes: int | None = None
    disk_total_bytes: int | None = None
    disk_reserve_bytes: int
    """Uploads are refused when less is free."""
    disk_fills_per_day_bytes: int | None = None
    """At the rate of the last day; negative where it empties."""
    disk_days_left: float | None = None
    """Until uploads are refused, at that rate; None also where the disk does not fill."""
    clock_skew_s: float | None = None
    """The largest difference to the database's clock, of this machine and of the workers'."""
    most_waiting_jobs: int
    """Nothing new is taken while so many wait."""
    proxy_url: str = ""
    """What the proxy serves; empty: it is not watched."""
    proxy_problem: str | None = None
    """Why browsers get no answer there; empty where they do, None where that is not watched."""
    certificate_ends_at: datetime | None = None
    certificate_ends_soon: bool = False
    """It should have been renewed by now."""
    last_backup_at: datetime | None = None
    """The moment whose state the last good backup holds; None: none was made, or that is not known."""
    unsaved_since: datetime | None = None
    """Since when there is something that no backup holds; None: there is nothing to lose, or that is not known."""
    backup_max_age_days: float = 0
    """After so long somebody should make one; 0: backups are not watched."""
    jail: Kept = "namespaces"
    """What keeps the processes that open films on the API's machine from files and networks."""
    jail_missing_because: str = ""
    jail_required: bool = False
    """Whether nothing is opened without one."""
    public_url: str = ""
    """Where browsers are told to be, VIGPACK_PUBLIC_URL."""
    another_address: AnotherAddress | None = None
    """What the API saw of browsers elsewhere within the last hour."""
    queue: QueueFigures | None = None

    @property
    def backup_overdue(self) -> bool | None:
        """Whether the last backup is too old, or there should be one by now; None: unknown."""
        if self.queue is None:
            return None
        if not self.backup_max_age_days or self.unsaved_since is None:
            return False
        return self.at - self.unsaved_since > timedelta(days=self.backup_max_age_days)

    @property
    def workers_alive(self) -> int | None:
        """Workers that take jobs and gave a sign of life of late."""
        return None if self.queue is None else sum(one.state == "working" for one in self.queue.workers)
