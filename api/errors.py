"""The one place where errors become HTTP: problem details (RFC 9457) with a code and a sentence for the guider."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Mount
from starlette.types import Scope

from pipeline import errors as film
from pipeline.errors import PipelineError
from pipeline.images import photograph
from pipeline.moments import say_first
from records import errors as records
from records.accounts import closing, notices
from records.accounts.local import errors as accounts
from records.accounts.organisation import errors as organisation
from records.actions import add_moments, closing_notes, correct, create
from records.consent import check as consent
from records.consent import forms
from records.copies import register as copies
from records.families import break_glass, families, hand_over, people, sharing
from records.keys import errors as keys
from records.logs import frames_of, get_logger
from records.retention import errors as retention
from records.storage import contract as storage
from records.subject_access import requests as asked
from records.subject_access.sealed import AnswerTooLargeToSeal
from records.training import logbook, ratings, reports
from records.uploads import errors as uploads

log = get_logger("api")
PROBLEM = "application/problem+json"
TUS_VERSION = "1.0.0"
CHECKSUM_MISMATCH = 460
"""Of the tus protocol; no HTTP standard knows it."""


class RequestRefused(PipelineError):
    """A request this service does not answer as asked; each kind has its status in STATUS_OF."""

    code = "request_refused"
    for_guider = "This request was not understood. If the page sent it, please reload the page."


class TokenWanted(RequestRefused):
    """No token, or a wrong one."""

    code = "token_wanted"
    for_guider = "This service asks for its access token. Ask IT support for it."


class AddressWanted(RequestRefused):
    """Nobody has signed in on this person's machine, or the session has ended."""

    code = "address_wanted"
    for_guider = (
        "Please open vigpack by the address that was shown when it was started. "
        "The command “vigpack address” shows it again."
    )


class NotInScope(RequestRefused):
    """Somebody known asked for what is not theirs to ask for."""

    code = "not_in_scope"
    for_guider = "What you signed in with was not made for this."


class NotConfirmed(RequestRefused):
    """Somebody's sign-in was reset, and nobody has said yet that it was they who set it up again."""

    code = "not_confirmed"
    for_guider = (
        "Your sign-in was made anew. Before families open again, somebody has to confirm that it is you: another "
        "manager, information governance or IT support. A recovery code from before does it at once."
    )


class TooOften(RequestRefused):
    """Asked so often that it has to wait: so many seconds."""

    code = "too_often"
    retryable = True

    def __init__(self, wait_s: int) -> None:
        super().__init__()
        self.wait_s = wait_s


class TooManyWrongTokens(TooOften):
    """So many wrong tokens came from this place that for a while none from there is looked at."""

    code = "too_many_wrong_tokens"
    for_guider = "Too many wrong access tokens came from your network. It goes on by itself within a minute."


class NotFromHere(RequestRefused):
    """Asked from another machine or under another name while no token guards the service."""

    code = "not_from_here"
    for_guider = "Without an access token this service answers on its own machine only."


class NotForIt(RequestRefused):
    """IT's token was given where films or families are."""

    code = "not_for_it"
    for_guider = "This token is IT's: it shows how the service is, and no film. Ask for the guiders' token."


class CrossSite(RequestRefused):
    """Another website made the browser ask."""

    code = "cross_site"
    for_guider = "Another website tried to use this service from your browser; that was refused."


class NothingHere(RequestRefused):
    """No such address."""

    code = "not_found"
    for_guider = "There is nothing at this address. It may have been erased."


class MethodWrong(RequestRefused):
    """The address is there, but not for this method."""

    code = "method_not_allowed"


class HeaderWrong(RequestRefused):
    """A header is missing or cannot be understood."""

    code = "header_wrong"


class TusVersionWrong(RequestRefused):
    """The upload protocol's version is missing or another one."""

    code = "tus_version_wrong"


class MediaTypeWrong(RequestRefused):
    """The body is declared as something else than what is accepted here."""

    code = "media_type_wrong"


class ChecksumWrong(RequestRefused):
    """What arrived is not what was sent."""

    code = "checksum_wrong"
    retryable = True
    for_guider = "A part of the film was damaged on its way; it is sent again."


class BodyTooLarge(RequestRefused):
    """More than a list of moments can need."""

    code = "body_too_large"
    for_guider = "This request is larger than any list of moments needs to be."


class RangeOutside(RequestRefused):
    """The asked bytes lie past the end."""

    code = "range_outside"


class NotReadyYet(RequestRefused):
    """Something was asked of moments that are still being prepared."""

    code = "not_ready_yet"
    for_guider = "The moments are not all ready yet."


class Busy(RequestRefused):
    """More of something costly is asked for than this process does at once."""

    code = "busy"
    retryable = True


class PhotographsBusy(Busy):
    """More photographs are sent than this process reads at once."""

    code = "photographs_busy"
    for_guider = "Many are adding pictures just now. Try again in a moment."


class WordsOfAnother(RequestRefused):
    """Words that were written in one review were sent to another."""

    code = "words_of_another_review"
    for_guider = "These words were written in another review. Open that one and read them in there."


_GONE = (
    records.SelectionGone, records.MomentGone, records.ArtworkGone, records.NotHidden, records.JobMissing,
    records.WorkerMissing, accounts.NoSuchPerson, accounts.ResetGone, notices.NoticeGone, families.FamilyGone,
    sharing.ShareGone, retention.HoldGone, forms.ConsentFormGone, ratings.RatingMissing, logbook.EntryMissing,
    uploads.UploadMissing, uploads.UploadTargetMissing, reports.LogbookNotShown, storage.StorageMissing,
    storage.StorageKeyInvalid, accounts.NoSuchPasskey, copies.CopyGone, keys.KeyGone, asked.SubjectAccessGone,
)  # fmt: skip

_REFUSED = (
    NotInScope, NotConfirmed, break_glass.BreakGlassTooOften, NotFromHere, NotForIt, CrossSite,
    consent.ConsentMissing, organisation.OrganisationRefused, accounts.NotYourself, accounts.SecondFactorBlocked,
    accounts.ResetNotIndependent, hand_over.NotToYourself,
)  # fmt: skip

_TAKEN = (
    accounts.LoginTaken, accounts.PasskeyRefused, accounts.ResetNotOpened, accounts.SignsInElsewhere,
    people.PersonNamed, people.FamilyFull, forms.ConsentFormsFull, closing.FamiliesLeft, families.FamilyCodeTaken,
    ratings.RaterTaken,
)  # fmt: skip

STATUS_OF: dict[type[PipelineError], int] = {
    PipelineError: 422,
    film.NoSpace: 507,
    **dict.fromkeys((film.FfmpegMissing, film.JailMissing), 503),
    records.RecordsError: 500,
    **dict.fromkeys((records.DatabaseUnavailable, storage.StorageUnavailable, organisation.ProviderAway), 503),
    **dict.fromkeys((records.QueueFull, accounts.SignInBusy, accounts.BreachedListUnreadable, *keys.NO_KEY), 503),
    **dict.fromkeys(_GONE, 404),
    **dict.fromkeys((records.MomentBusy, records.ArtworkFull, records.HidingChanged, records.JobStateWrong), 409),
    **dict.fromkeys((records.SecondsNotSent, retention.ScheduleUnknown), 422),
    **dict.fromkeys((records.SourceErased, retention.FamilyHeld, add_moments.AnotherFilm), 409),
    **dict.fromkeys((records.PriorityWrong, create.KeyReused, asked.SubjectAccessUnready, AnswerTooLargeToSeal), 422),
    **dict.fromkeys((sharing.ShareWrong, hand_over.HandOverWrong, forms.ConsentFormWrong), 422),
    ratings.NotARecording: 422,
    storage.StorageDamaged: 500,
    **dict.fromkeys((uploads.UploadTargetWrong, uploads.AlreadyUploaded, uploads.OffsetWrong), 409),
    uploads.UploadEmpty: 400,
    **dict.fromkeys((uploads.TakenOver, uploads.UploadBusy), 423),
    **dict.fromkeys((closing_notes.WordsChanged, correct.CorrectedMeanwhile, TusVersionWrong), 412),
    **dict.fromkeys(_REFUSED, 403),
    **dict.fromkeys((organisation.LoginUnknown, organisation.NotProven), 400),
    accounts.SignInWrong: 401,
    **dict.fromkeys(_TAKEN, 409),
    **dict.fromkeys((uploads.UploadExpired, accounts.InvitationEnded, accounts.SignInEnded), 410),
    RequestRefused: 400,
    **dict.fromkeys((TokenWanted, AddressWanted), 401),
    **dict.fromkeys((TooOften, records.TooMuchBegun, records.TooMuchPromised), 429),
    NothingHere: 404,
    MethodWrong: 405,
    HeaderWrong: 400,
    MediaTypeWrong: 415,
    ChecksumWrong: CHECKSUM_MISMATCH,
    **dict.fromkeys((BodyTooLarge, uploads.UploadTooLarge, photograph.PhotographTooLarge), 413),
    RangeOutside: 416,
    NotReadyYet: 409,
    Busy: 503,
    WordsOfAnother: 422,
}
"""The nearest named parent counts."""

_BY_STATUS: dict[int, type[RequestRefused]] = {404: NothingHere, 405: MethodWrong, 413: BodyTooLarge}
_TITLES = {
    CHECKSUM_MISMATCH: "Checksum Mismatch",
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}
"""Where Python has no phrase, or until 3.12 another one than RFC 9110."""
_RETRY_AFTER_S = {423: "1", 429: "30", 503: "10", 507: "60"}


class Problem(BaseModel):
    """What went wrong; ``detail`` can be shown to the guider as it is."""

    type: str = Field(examples=["urn:vigpack:problem:moment_outside_film"])
    title: str = Field(examples=["Unprocessable Content"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["Clip 2 ends (00:16:10.000) after the film does (00:15:00.000)."])
    code: str = Field(examples=["moment_outside_film"])
    instance: str = Field(examples=["/api/v1/selections"])


def described(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problem answers for a route's OpenAPI description."""
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    return {status: {"description": _title(status), "content": {PROBLEM: schema}} for status in statuses}


def status_of(error: PipelineError) -> int:
    """The HTTP status for an error."""
    return next(STATUS_OF[kind] for kind in type(error).__mro__ if kind in STATUS_OF)


def problem(status: int, code: str, detail: str, instance: str, headers: dict[str, str] | None = None) -> Response:
    """The answer that says what went wrong."""
    body = Problem(
        type=f"urn:vigpack:problem:{code}",
        title=_title(status),
        status=status,
        detail=detail,
        code=code,
        instance=instance,
    )
    wait = {"Retry-After": _RETRY_AFTER_S[status]} if status in _RETRY_AFTER_S else {}
    return JSONResponse(body.model_dump(), status, {**wait, **(headers or {})}, media_type=PROBLEM)


def answer_error(error: PipelineError, scope: Scope) -> Response:
    """The answer to an error of ours; the request's line in the log will say which it was."""
    status = status_of(error)
    refused = {"code": error.code}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:  # else without the cause, which may quote what a guider wrote
        refused["cause"] = str(error)
    scope["state"]["refused"] = refused
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if isinstance(error, TusVersionWrong):
        headers["Tus-Version"] = TUS_VERSION  # which the protocol asks for with this status
    if isinstance(error, TooOften):
        headers["Retry-After"] = str(error.wait_s)
    return problem(status, error.code, error.for_guider, scope["path"], headers)


def answer_unknown(error: Exception) -> Response:
    """The answer to an error nobody foresaw: a number to tell IT support, under which the log says more.

    The error's own text stays out of the log too: it may quote what a guider wrote.
    """
    incident = note_incident(error)
    detail = f"Something went wrong that nobody foresaw. Please tell IT support this number: {incident}."
    return problem(500, "unexpected", detail, f"urn:vigpack:incident:{incident}")


def note_incident(error: BaseException) -> str:
    """The number under which the log now says what nobody foresaw, and where it happened."""
    incident = uuid.uuid4().hex[:12]
    log.error("incident", incident=incident, error=type(error).__qualname__, at=frames_of(error))
    return incident


def plain_request_error(errors: Sequence[Any]) -> str:
    """What is wrong with a request's parameters or body, in one sentence."""
    first = dict(errors[0])
    if first["type"] == "json_invalid":
        return "The request is not written as JSON."
    first["loc"] = tuple(first["loc"])[1:]
    if not first["loc"] and first["type"] in {"missing", "model_attributes_type"}:
        return "The request holds no list of moments written as JSON."
    return say_first([first])


def install(app: FastAPI) -> None:
    """Answer every error of the app's routes as a problem."""

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, PipelineError)  # noqa: S101 registered for this type below
        return answer_error(error, request.scope)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 registered for this type below
        where = {one["loc"][0] for one in error.errors()}
        if "path" in where:
            return answer_error(NothingHere(), request.scope)
        if "header" in where:
            return answer_error(HeaderWrong(), request.scope)
        sentence = plain_request_error(error.errors())
        return problem(422, film.SelectionInvalid.code, sentence, request.url.path)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 registered for this type below
        kind = _BY_STATUS.get(error.status_code, RequestRefused)
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(_methods_at(app, request.scope))
        return problem(error.status_code, kind.code, kind.for_guider, request.url.path, headers)

    app.add_exception_handler(PipelineError, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _methods_at(app: FastAPI, scope: Scope) -> list[str]:
    """What may be asked at this address: Starlette names the methods of the first route alone."""
    asked = {
        method: {**scope, "method": method} for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")
    }
    routes = [route for route in app.routes if not isinstance(route, Mount)]
    return [method for method, one in asked.items() if any(route.matches(one)[0] == Match.FULL for route in routes)]


def _title(status: int) -> str:
    return _TITLES.get(status) or HTTPStatus(status).phrase
