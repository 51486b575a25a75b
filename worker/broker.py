"""The queue's wake-up messages: each carries a job's id and nothing else, and all are alike.

The broker is Redis or Valkey, RabbitMQ with a quorum queue, or a folder in ``data_dir`` on a machine without one. The
ledger is the truth: a message that is lost, doubled or late changes nothing but the moment at which a worker looks, and
what it then does the ledger says.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from celery import Celery
from kombu.exceptions import KombuError, OperationalError

from records.database import Database, open_database
from records.errors import DatabaseUnavailable
from records.ledger.jobs import mark_sent, mark_unsent
from records.logs import get_logger
from records.settings import Settings
from records.settings import settings as process_settings

TASK = "vigpack.run_job"
QUEUE = "vigpack"
GRACE_S = 60
"""Between a job's limit, after which its lease ends it in words, and Celery's hard one, which kills."""
_SOFT_AFTER_S = 30
"""Celery's soft limit is thrown into whatever runs just then, also into the note of how it ended: it is for work that
asks its lease for nothing any more."""
_MOST_KEPT_KIB = 1 << 20
"""A pool process that once used more is replaced after its job: memory in pieces does not come back."""
_FOLDER_BROKER, _FOLDER_TRANSPORT = "filesystem://localhost//", "worker.message_folder:Transport"
_CONNECT_TIMEOUT_S = 2
_ANSWER_TIMEOUT_S = 3
_SEND_RETRY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.1, "interval_max": 0.1}
log = get_logger("queue")


def make_celery(settings: Settings, answer_timeout_s: float | None = None) -> Celery:
    """Celery as this service uses it; where each setting comes from is told in docs/decisions/records.md.

    answer_timeout_s: how long the broker may take for an answer; None: as long as it likes.
    """
    app = Celery("vigpack", broker=_address(settings), set_as_current=False)
    app.conf.update(
        task_default_queue=QUEUE,
        task_default_queue_type="quorum" if is_rabbitmq(settings) else "classic",
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        # The message is spent when a worker has it; recovery sends the job again. With late acknowledgement a worker
        # that dies of a job would be given it for ever.
        task_acks_late=False,
        task_reject_on_worker_lost=False,
        task_soft_time_limit=settings.job_limit_s + _SOFT_AFTER_S,
        task_time_limit=settings.job_limit_s + GRACE_S,
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=bool(settings.broker_url) and not is_rabbitmq(settings),  # only Redis knows it
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_remote_control=False,  # cancelling is a column; a worker's sign of life is a row
        worker_send_task_events=False,
        worker_proc_alive_timeout=30,  # a laptop that is busy encoding starts processes slowly
        worker_max_tasks_per_child=200,
        worker_max_memory_per_child=_MOST_KEPT_KIB,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_connection_timeout=_CONNECT_TIMEOUT_S,
        broker_transport=None if settings.broker_url else _FOLDER_TRANSPORT,
        broker_transport_options=_transport_options(settings, answer_timeout_s),
    )
    return app


def is_rabbitmq(settings: Settings) -> bool:
    """Whether the broker is a RabbitMQ."""
    return settings.broker_url.startswith("amqp")


def _address(settings: Settings) -> str:
    """Valkey speaks as Redis does, but Celery knows it under that name only."""
    return re.sub("^valkey", "redis", settings.broker_url) or _FOLDER_BROKER


def _transport_options(settings: Settings, answer_timeout_s: float | None) -> dict[str, Any]:
    limits: dict[str, float | None]
    if is_rabbitmq(settings):
        limits = {"read_timeout": answer_timeout_s, "write_timeout": answer_timeout_s}
        return {"confirm_publish": True, **limits}  # sent is what the broker says it has
    if settings.broker_url:
        limits = {"socket_timeout": answer_timeout_s, "socket_connect_timeout": _CONNECT_TIMEOUT_S}
        # The timeout must be longer than any task, or kombu gives the message of a long one to a second worker.
        visible_s = 2 * (settings.job_limit_s + GRACE_S)
        return {"visibility_timeout": visible_s, **(limits if answer_timeout_s else {})}
    folder = settings.data_dir.resolve() / "messages"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        "data_folder_in": str(folder),
        "data_folder_out": str(folder),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.25,
    }


_senders: dict[tuple[str, Path], Celery] = {}
_databases: dict[str, Database] = {}


def _sender(settings: Settings) -> Celery:
    """A Celery that only sends; it gives up soon, because a person waits for the answer."""
    key = (settings.broker_url, settings.data_dir)
    if key not in _senders:
        _senders[key] = make_celery(settings, _ANSWER_TIMEOUT_S)
    return _senders[key]


def enqueue(job_id: str, settings: Settings | None = None, db: Database | None = None) -> bool:
    """Wake a worker for a queued job; without settings or database, those of this process.

    False when the broker or the database does not answer within a few seconds. That is no error: the job stays queued,
    and recovery sends it. Call it after the transaction that queued the job.
    """
    settings = settings or process_settings()
    db = db or _databases.setdefault(settings.database(), open_database(settings))
    try:
        if not mark_sent(db, job_id) or send(job_id, settings):
            return True
        mark_unsent(db, job_id)
    except DatabaseUnavailable as error:
        log.warning("job_not_sent", job=job_id, code=error.code, cause=str(error))
    return False


def send(job_id: str, settings: Settings) -> bool:
    """Put one message into the queue; False, with a warning in the log, when the broker does not take it."""
    try:
        _sender(settings).send_task(TASK, args=[job_id], ignore_result=True, retry=True, retry_policy=_SEND_RETRY)
    except (KombuError, OSError) as error:
        log.warning("job_not_sent", job=job_id, cause=f"the broker did not take it: {error}")
        return False
    return True


def queue_length(settings: Settings | None = None) -> int | None:
    """How many messages wait in the broker; None when it does not answer."""
    settings = settings or process_settings()
    sender = _sender(settings)
    try:
        with sender.connection_for_read() as connection:
            return _messages(sender, connection, made_first=is_rabbitmq(settings))
    except (KombuError, OSError) as error:
        log.warning("broker_not_answering", cause=str(error))
        return None


def _messages(sender: Celery, connection: Any, *, made_first: bool) -> int:
    channel = connection.default_channel
    try:
        if made_first:  # RabbitMQ tells of a queue that is there, and refuses to make one of another type
            sender.amqp.queues[QUEUE](channel).declare()
        return int(channel.queue_declare(queue=QUEUE, passive=made_first).message_count)
    except (*connection.connection_errors, *connection.channel_errors) as error:
        raise OperationalError(str(error)) from error
