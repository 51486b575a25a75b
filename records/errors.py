"""What can go wrong with what the service remembers, in the same shape as the pipeline's errors."""

from __future__ import annotations

from pipeline.errors import NoSpace, PipelineError


class RecordsError(PipelineError):
    """Something the service could not remember or look up."""

    code = "records_error"


class DatabaseEncodingWrong(RecordsError):
    """The database was made in an encoding that cannot hold every letter."""

    code = "database_encoding_wrong"

    def __init__(self, encoding: str) -> None:
        sentence = (
            f"The database was made with the encoding {encoding}, which cannot hold every letter. Make it anew: "
            "CREATE DATABASE vigpack ENCODING 'UTF8' TEMPLATE template0, and name it in VIGPACK_DATABASE_URL."
        )
        super().__init__(sentence, for_guider=sentence)


class DatabaseUnavailable(RecordsError):
    """The database cannot be reached, or was busy for too long."""

    code = "database_unavailable"
    retryable = True
    outage = True
    for_guider = "The service cannot reach its records just now. Nothing was lost; please try again in a minute."


class RecordsNotReady(DatabaseUnavailable):
    """The database is there, and not yet looked through for what had been erased before it was put back."""

    code = "records_not_ready"
    for_guider = "The service has just started and looks through its records. Please try again in a minute."


class WorkerRoleMissing(RecordsError):
    """VIGPACK_WORKER_ROLE names no role to which rights could be given."""

    code = "worker_role_missing"
    for_guider = (
        "VIGPACK_WORKER_ROLE must name a role of the database that may log in and nothing more: make it with "
        "CREATE ROLE, as docs/operations.md tells, or leave the setting out."
    )


class ServiceRoleUnfit(RecordsError):
    """The role of VIGPACK_DATABASE_URL is none, or its rights could not be bounded."""

    code = "service_role_unfit"
    for_guider = (
        "With VIGPACK_MIGRATE_DATABASE_URL set, VIGPACK_DATABASE_URL must name a role of the database that may log in "
        "and nothing more: make it with CREATE ROLE, as docs/operations.md tells."
    )


class NotTheOwner(RecordsError):
    """The tables are to be changed by a role that does not own them."""

    code = "not_the_owner"
    for_guider = (
        "The database's tables belong to another role. Set VIGPACK_MIGRATE_DATABASE_URL to its address for this "
        "command: with docker compose, run it in the container migrate instead of api."
    )


class DatabaseNewer(RecordsError):
    """The database was brought to the shape of a newer version of this program."""

    code = "database_newer"
    for_guider = "The records were written by a newer version of this program. Install that version again."


class SelectionGone(RecordsError):
    """There is no such selection, or it is being erased."""

    code = "selection_gone"
    for_guider = "This selection does not exist any more."


class QueueFull(RecordsError):
    """More jobs wait than the service is to take on."""

    code = "queue_full"
    retryable = True
    for_guider = "Very many moments wait to be prepared just now. Leave this page open: it goes on by itself."


class TooMuchBegun(RecordsError):
    """One person has begun more selections, and sent nothing of them, than the service holds open for one."""

    code = "too_much_begun"
    retryable = True
    for_guider = (
        "You have begun very many reviews of which nothing has arrived yet. Let one of them send, or erase one; "
        "then this one goes on by itself."
    )


class TooMuchPromised(RecordsError):
    """One person has announced more bytes, and not sent them, than the service keeps open for one."""

    code = "too_much_promised"
    retryable = True
    for_guider = (
        "You have announced very large films that have not arrived yet. This one goes on by itself when one of them "
        "has arrived or is erased."
    )


class NoRoom(NoSpace):
    """The service's disk has no room for what is to come."""

    for_guider = "The service has no room for more films just now. Please tell IT support; nothing of yours is lost."


class MomentGone(RecordsError):
    """The selection has no such moment."""

    code = "moment_gone"
    for_guider = "This moment does not exist any more."


class MomentBusy(RecordsError):
    """The moment is on its way or being prepared, so that its ends cannot be changed just now."""

    code = "moment_busy"
    for_guider = "This moment is being prepared just now. Wait until it is ready, then change its ends."


class ArtworkGone(RecordsError):
    """The selection has no such photograph."""

    code = "artwork_gone"
    for_guider = "This picture does not exist any more."


class ArtworkFull(RecordsError):
    """The selection holds as many photographs as one may."""

    code = "artwork_full"
    for_guider = "There are twenty pictures already. Take one out to add another."


class NotHidden(RecordsError):
    """Nobody is to be hidden in the moment."""

    code = "not_hidden"
    for_guider = "Nobody is to be hidden in this moment. It may just have been changed; look again."


class HidingChanged(RecordsError):
    """Another file lies there than the one that was looked at, or none yet."""

    code = "hiding_changed"
    for_guider = "These are not the pictures that you looked at: they were made again. Please look at each of them."


class SecondsNotSent(RecordsError):
    """The service does not hold all of the film between the new ends."""

    code = "seconds_not_sent"
    for_guider = "These seconds were not sent; open the film and send them."


class SourceErased(RecordsError):
    """What was sent of the film for a moment is no longer kept, so that it cannot be prepared again."""

    code = "source_erased"
    for_guider = (
        "The seconds that were sent for this are no longer kept, so it cannot be prepared again. "
        "Open the film and send it once more."
    )


class LeaseLost(RecordsError):
    """The job belongs to somebody else now, or is gone; whatever was made for it must not be kept."""

    code = "lease_lost"


class WorkerLost(RecordsError):
    """The machine's work on a job stopped without a word: killed, out of memory, or without power."""

    code = "worker_lost"
    retryable = True
    for_guider = "Preparing this stopped unexpectedly, several times. Please tell IT support; trying again is safe."


class TookTooLong(RecordsError):
    """A job ran into its time limit."""

    code = "took_too_long"
    for_guider = "Preparing this took too long and was stopped. Try a shorter moment."


class Unexpected(RecordsError):
    """An error nobody foresaw; the detail tells where, never what was being worked on."""

    code = "unexpected"
    retryable = True


class JobMissing(RecordsError):
    """There is no such job, or its selection is being erased."""

    code = "job_missing"
    for_guider = "This job does not exist any more."


class JobStateWrong(RecordsError):
    """The job is not in a state in which this can be done to it."""

    code = "job_state_wrong"
    for_guider = "This cannot be done to the job as it stands now; it may just have changed. Look again."


class PriorityWrong(RecordsError):
    """No such priority."""

    code = "priority_wrong"
    for_guider = "The priority is a number from 0, the most urgent, to 9, the least."


class WorkerMissing(RecordsError):
    """No worker has reported under that name of late."""

    code = "worker_missing"
    for_guider = "There is no worker of that name."
