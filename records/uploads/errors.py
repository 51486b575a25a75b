"""What can go wrong with an upload, in the same shape as the pipeline's errors."""

from __future__ import annotations

from records.errors import RecordsError


class UploadMissing(RecordsError):
    """There is no such upload, or no more."""

    code = "upload_missing"
    for_guider = "This upload does not exist any more. Start it again."


class UploadExpired(RecordsError):
    """No byte came for too long."""

    code = "upload_expired"
    for_guider = "This upload was left alone for too long and was erased. Start it again."


class UploadTargetMissing(RecordsError):
    """The moment or selection an upload is meant for is not there."""

    code = "upload_target_missing"
    for_guider = "There is no such moment to send a film for. It may have been erased."


class UploadTargetWrong(RecordsError):
    """A whole film for a selection that awaits its moments one by one, or the other way round."""

    code = "upload_target_wrong"
    for_guider = "This selection expects its film in another form: moments one by one, or the whole film at once."


class AlreadyUploaded(RecordsError):
    """What was to be sent is already here."""

    code = "already_uploaded"
    for_guider = "This was already sent; nothing more is needed."


class UploadEmpty(RecordsError):
    """An upload of nothing."""

    code = "upload_empty"
    for_guider = "This file is empty. Choose the film itself."


class UploadTooLarge(RecordsError):
    """More bytes than the service takes, or than were announced."""

    code = "upload_too_large"
    for_guider = "This film is larger than this service accepts."


class OffsetWrong(RecordsError):
    """The next byte expected is another one."""

    code = "offset_wrong"
    retryable = True
    for_guider = "The upload stands at another place; it goes on from there."


class TakenOver(RecordsError):
    """A newer request writes to the upload now."""

    code = "taken_over"
    retryable = True
    for_guider = "This upload goes on in another window or after a reconnection."


class UploadBusy(RecordsError):
    """An older request holds the file and does not let go."""

    code = "upload_busy"
    retryable = True
    for_guider = "This upload is busy just now; it goes on in a moment."
