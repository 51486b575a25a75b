"""Whether somebody may do this with what an address names: asked before any route, and so before every new one too."""

from __future__ import annotations

import re

from fastapi import Request

from api.dependencies import Ctx, principal_of
from api.middleware.access import SAFE_METHODS, Need, need_of
from pipeline.limits import ID_PATTERN
from records.families.access import Right, check_selection, check_upload, selection_of_upload
from records.families.listing import note_view
from records.families.uses import require_look

_ONE = "/api/v1/selections/{selection_id}"
_ERASING_A_SELECTION = ("DELETE", _ONE)
_WITHOUT_CONSENT = {
    f"GET {_ONE}",  # how it stands, so that its guider sees what is missing
    f"GET {_ONE}/events",
    f"DELETE {_ONE}",
    f"PUT {_ONE}/moments/{{moment_id}}/people",  # one of the ways to set it right
    f"GET {_ONE}/artifacts/{{artifact_id}}",  # asks of what is in the very file
}
"""Whatever else names a selection shows of it, or makes something of it, and waits for those who can be seen in it."""
_OPENING = {f"GET {_ONE}", f"GET {_ONE}/events"}
_RATING = f"{_ONE}/ratings/{{rater}}"


def check_family(request: Request, ctx: Ctx) -> None:
    """Nothing, if they may. What is somebody else's is answered as what does not exist.

    Raises: SelectionGone, UploadMissing; ConsentMissing where somebody who can be seen in it has not agreed.
    """
    selection_id, upload_id = (request.path_params.get(name) for name in ("selection_id", "upload_id"))
    if not (selection_id or upload_id) or need_of(request.method, request.scope["path"]) == Need.NOTHING:
        return
    who, right = principal_of(request), _right(request)
    with ctx.db.reading() as session:
        if selection_id and re.fullmatch(ID_PATTERN, selection_id):
            check_selection(session, who, selection_id, right)
            if _waits_for_consent(request):
                moment_id = request.path_params.get("moment_id", "")
                require_look(session, who, selection_id, moment_id if re.fullmatch(ID_PATTERN, moment_id) else "")
        if upload_id and re.fullmatch(ID_PATTERN, upload_id):
            check_upload(session, who, upload_id, right)
            if request.method == "PATCH":
                require_look(session, who, selection_of_upload(session, upload_id))


def note_look(request: Request, ctx: Ctx) -> None:
    """Who opens a review finds its family first in their list; asked once check_family let them."""
    selection_id = request.path_params.get("selection_id", "")
    asked = f"{request.method} {request.scope['route'].path}"
    if asked in _OPENING and re.fullmatch(ID_PATTERN, selection_id):
        note_view(ctx.db, principal_of(request), selection_id)


def _waits_for_consent(request: Request) -> bool:
    method = "GET" if request.method == "HEAD" else request.method
    return f"{method} {request.scope['route'].path}" not in _WITHOUT_CONSENT


def _right(request: Request) -> Right:
    if request.method == "DELETE" and request.scope["route"].path == _ERASING_A_SELECTION[1]:
        return Right.OWN
    if request.scope["route"].path == _RATING:
        return Right.RATE
    return Right.SEE if request.method in SAFE_METHODS else Right.WORK
