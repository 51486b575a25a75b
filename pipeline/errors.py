"""What can go wrong with a film, each in words a guider can act on.

Every error has a stable ``code``, a sentence ``for_guider`` and, as its own text, the detail for IT.
"""

from __future__ import annotations

from typing import ClassVar


class PipelineError(Exception):
    """Something the media work could not do."""

    code: ClassVar[str] = "pipeline_error"
    retryable: ClassVar[bool] = False
    """Whether the same work may succeed later without anybody changing anything."""
    outage: ClassVar[bool] = False
    """Whether a part of the service was away or full: no fault of the work, which waits until the part is back."""
    for_guider: str = "Something went wrong while preparing this film. Nothing was lost; please tell IT support."

    def __init__(self, detail: str = "", *, for_guider: str | None = None) -> None:
        super().__init__(detail or for_guider or self.for_guider)
        if for_guider is not None:
            self.for_guider = for_guider


class FilmMissing(PipelineError):
    """There is no file at the given path."""

    code = "film_missing"
    for_guider = "There is no film here. Check the name and the folder."


class FilmUnreadable(PipelineError):
    """The film cannot be opened or decoded."""

    code = "film_unreadable"
    for_guider = "This film cannot be read. Try copying it from the phone or camera again."


class NotAFilm(PipelineError):
    """The file is something else: a page, a playlist, a picture, a document."""

    code = "not_a_film"
    for_guider = "This file is not a film. Choose the video file itself."


class FilmRaw(PipelineError):
    """The bare pictures of a coder without a container (Annex B), or a recorder's own kind of file."""

    code = "film_raw"
    for_guider = (
        "This is a recorder's raw file, which does not say when its pictures are shown. "
        "Save it from the recorder as MP4, or convert it with another program, and choose that."
    )


class NoPicture(PipelineError):
    """There is a picture that nothing here decodes, or none where one is needed."""

    code = "no_picture"
    for_guider = "The picture of this film cannot be shown by anything here, so no clip or still can be taken from it."


class FilmProtected(PipelineError):
    """The picture is encrypted, as shops and broadcasters do it."""

    code = "film_protected"
    for_guider = (
        "This film is protected against copying, so nothing can be cut out of it. Use the film as it was filmed."
    )


class FilmJoined(PipelineError):
    """Another film was put behind it as it is, which readers take for more of the first."""

    code = "film_joined"
    for_guider = (
        "This film was joined from several recordings so that only the first of them is shown right. "
        "Choose the recordings themselves, or convert it with another program."
    )


class FilmWithoutOrder(PipelineError):
    """Its pictures are stored in another order than they are shown, and it does not say when each is shown."""

    code = "film_without_order"
    for_guider = (
        "This film does not say in which order its pictures are shown, so other moments might be cut than were chosen. "
        "Convert it with another program and try again."
    )


class PictureTooSmall(PipelineError):
    """The picture is smaller than can be shown."""

    code = "picture_too_small"
    for_guider = "The picture of this film is too small to be seen. Was it the right file?"


class PictureTooLarge(PipelineError):
    """The picture has more pixels than any camera of ours writes."""

    code = "picture_too_large"
    for_guider = "The picture of this film is larger than this program can handle safely. Film at 4K or less."


class MomentOutsideFilm(PipelineError):
    """A moment begins or ends where the film has no picture."""

    code = "moment_outside_film"
    for_guider = "This moment lies outside the film. Check its start and end."


class SelectionInvalid(PipelineError):
    """The moments cannot be understood."""

    code = "selection_invalid"
    for_guider = "The list of moments cannot be understood."


class NoStillOfSound(SelectionInvalid):
    """A still was asked for of a recording."""

    for_guider = "This recording has sound but no picture, so no still can be taken from it. Its clips can be heard."


class PresetUnknown(PipelineError):
    """No preset has that name."""

    code = "preset_unknown"
    for_guider = "There is no such preset. Choose review, light or full."


class FolderNotEmpty(PipelineError):
    """The destination already holds something."""

    code = "folder_not_empty"
    for_guider = "The folder for the results is not empty. Choose a new one, so that nothing is overwritten."


class FolderNotWritable(PipelineError):
    """The destination cannot be written."""

    code = "folder_not_writable"
    for_guider = "The results cannot be written to this folder. Choose another one."


class NoSpace(PipelineError):
    """The disk is full."""

    code = "no_space"
    retryable = True
    outage = True
    for_guider = "There is not enough free space on the disk. Free some space and try again."


class CopyTooLarge(PipelineError):
    """The film has to be copied before it can be cut, and no disk for that is large enough, however empty."""

    code = "copy_too_large"
    for_guider = (
        "This film has to be copied before it can be cut, and the disk for that is too small for it. "
        "Film in MP4, or send the moments instead of the whole film."
    )


class FfmpegMissing(PipelineError):
    """No ffmpeg can be started."""

    code = "ffmpeg_missing"
    retryable = True  # another worker may have one, and a busy machine may fail to start it once
    outage = True
    for_guider = "The video program ffmpeg cannot be started. Please tell IT support."


class JailMissing(PipelineError):
    """The settings ask for a jail, and this machine has none."""

    code = "jail_missing"
    retryable = True  # another worker may have one
    outage = True
    for_guider = "This machine cannot open films safely, so it does not. Please tell IT support."


class MediaCrashed(PipelineError):
    """The process that worked with the film was ended by a fault of its own, or by a bound."""

    code = "media_crashed"
    retryable = True
    for_guider = "This film broke the program that reads it, so nothing was made of it. Was it the right file?"


class FfmpegFailed(PipelineError):
    """ffmpeg ended with an error; the text carries its exit status, command and the end of what it said."""

    code = "ffmpeg_failed"
    retryable = True
    for_guider = "This moment could not be prepared. The film may be damaged at this place."


class FfmpegTimedOut(PipelineError):
    """ffmpeg took longer than its budget, or stopped making progress."""

    code = "ffmpeg_timed_out"
    retryable = True
    for_guider = "Preparing this moment took too long and was stopped. Try a shorter moment."


class TooMuchMemory(PipelineError):
    """The work needed more memory than one job may use."""

    code = "too_much_memory"
    retryable = True  # the machine may have had too little just then
    for_guider = "Preparing this moment would need too much memory. Is the film much larger than 4K?"


class OutputTooLarge(PipelineError):
    """What was being made grew larger than one job may write."""

    code = "output_too_large"
    for_guider = "What would become of this moment is too large. Choose a shorter moment."


class HidingTooLong(PipelineError):
    """A clip has more pictures than a person can look at one by one."""

    code = "hiding_too_long"
    for_guider = "Somebody can be hidden in clips of up to two minutes. Choose other ends, then hide them."


class ArtifactWrong(PipelineError):
    """What was made is not what was asked for; it was thrown away."""

    code = "artifact_wrong"
    retryable = True
    for_guider = "This moment could not be prepared exactly, so it was not kept. The film may be damaged at this place."


class Cancelled(PipelineError):
    """Somebody asked for the work to stop."""

    code = "cancelled"
    for_guider = "This was cancelled."


def plain_reasons() -> dict[str, str]:
    """Every known code and its sentence in general: for lists and figures, where no single film must be told of."""
    found: dict[str, str] = {}
    kinds: list[type[PipelineError]] = [PipelineError]
    for kind in kinds:
        found.setdefault(kind.code, kind.for_guider)
        kinds += kind.__subclasses__()
    return found
