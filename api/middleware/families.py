"""Whether somebody may do this with what an address names: asked before any route, and so before every new one too."""

from __future__ import annotations

import re

from fastapi import Request

from api.dependencies import Ctx, principal_of
from api.middleware.access import SAFE_METHODS, Need, need_of
from pipeline.limits import ID_PATTERN
from records.families.access import Right, check_selection, check_upload

_ERASING_A_SELECTION = ("DELETE", "/api/v1/selections/{selection_id}")
_RATING = "/api/v1/selections/{selection_id}/ratings/{rater}"


def check_family(request: Request, ctx: Ctx) -> None:
    """Nothing, if they may. What is somebody else's is answered as what does not exist.

    Raises: SelectionGone, UploadMissing.
    """
    selection_id, upload_id = (request.path_params.get(name) for name in ("selection_id", "upload_id"))
    if not (selection_id or upload_id) or need_of(request.method, request.scope["path"]) == Need.NOTHING:
        return
    who, right = principal_of(request), _right(request)
    with ctx.db.reading() as session:
        if selection_id and re.fullmatch(ID_PATTERN, selection_id):
            check_selection(session, who, selection_id, right)
        if upload_id and re.fullmatch(ID_PATTERN, upload_id):
            check_upload(session, who, upload_id, right)


def _right(request: Request) -> Right:
    if request.method == "DELETE" and request.scope["route"].path == _ERASING_A_SELECTION[1]:
        return Right.OWN
    if request.scope["route"].path == _RATING:
        return Right.RATE
    return Right.SEE if request.method in SAFE_METHODS else Right.WORK
