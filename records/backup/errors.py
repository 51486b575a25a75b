"""What can go wrong with a backup, in words for the person who makes or restores it."""

from __future__ import annotations

from records.errors import RecordsError


class BackupFolderTaken(RecordsError):
    """The folder for the new backup is not empty, or cannot be made."""

    code = "backup_folder_taken"
    for_guider = "There is something in that folder already. Name one that does not exist yet."


class BackupUnwritable(RecordsError):
    """The folder of the backup fails while it is written to."""

    code = "backup_unwritable"
    for_guider = "The folder of the backup cannot be written any more: is its disk still there? Nothing of it was kept."


class NoBackupHere(RecordsError):
    """The folder holds no complete backup."""

    code = "no_backup_here"
    for_guider = "There is no complete backup in that folder."


class BackupDamaged(RecordsError):
    """A part of the backup is missing, or is not what was written."""

    code = "backup_damaged"
    for_guider = "This backup is damaged. Use another one."


class BackupNewer(RecordsError):
    """The backup was made by a newer version of this program."""

    code = "backup_newer"
    for_guider = "This backup was made by a newer version of vigpack. Install that version, then restore."


class BackupKeyWrong(RecordsError):
    """The private key does not open this backup."""

    code = "backup_key_wrong"
    for_guider = "This key does not open this backup. Use the private key of the recipient that it was made for."


class RecipientInvalid(RecordsError):
    """Not the public half of a key, or none at all."""

    code = "recipient_invalid"
    for_guider = "A recipient begins with age1; vigpack backup --new-key FILE makes a key and prints its recipient."


class BackupNeverSettled(RecordsError):
    """Files went away faster than they could be copied, again and again."""

    code = "backup_never_settled"
    retryable = True
    for_guider = "Files were being replaced faster than they could be copied. Nothing is wrong; try again later."


class TargetNotEmpty(RecordsError):
    """There are records or files where the backup is to be restored."""

    code = "target_not_empty"
    for_guider = "There are records or files here already. Restore into a new data folder, or a new database and store."


class ServiceRunning(RecordsError):
    """Workers are at work on the database that is to be restored into."""

    code = "service_running"
    for_guider = (
        "The service runs, or did a minute ago. Stop it first (docker compose stop api worker, or end vigpack up); "
        "if it was just killed, wait two minutes."
    )
