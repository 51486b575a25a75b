"""Keys for what a browser keeps: only who is signed in gets them, and the page holds them in memory alone."""

from __future__ import annotations

from base64 import b64encode
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import AppContext, Asker, Ctx, GivenId
from api.errors import described
from api.middleware.access import DRAFT_KEYS, STORAGE_KEYS
from pipeline.limits import ID_PATTERN
from records.actions.draft_keys import DraftKeys, draft_keys, make_draft_key
from records.secrets.service_key import former_service_keys, service_key

router = APIRouter(tags=["session"])
_MOST_ASKED = 200
_Id = Annotated[str, Field(pattern=ID_PATTERN)]


class StorageKeys(BaseModel):
    """Keys of 32 bytes in base64, the newest first; the others were replaced and only open what is older."""

    model_config = ConfigDict(frozen=True)

    own: list[str] = Field(description="The account's.")
    everybody: list[str] = Field(description="For what belongs to all who use the installation.")


class GivenDrafts(BaseModel):
    """Which drafts' keys a page needs."""

    model_config = ConfigDict(extra="forbid")

    ids: Annotated[list[_Id], Field(max_length=_MOST_ASKED)]


class GivenDraft(BaseModel):
    """What is known of a draft whose key a page needs."""

    model_config = ConfigDict(extra="forbid")

    everybody: bool = Field(default=False, description="It belongs to all who use the installation.")
    sent: list[_Id] = Field(
        default=[], max_length=_MOST_ASKED, description="The selections that were sent of its film: it goes with them."
    )


class DraftKeysView(BaseModel):
    """What there is of the keys that were asked for; of those that are another's nothing is told."""

    model_config = ConfigDict(frozen=True)

    keys: dict[str, str] = Field(description="Keys of 32 bytes in base64, by their ids.")
    gone: list[str] = Field(description="Those that were destroyed with all that was sent: nothing opens it any more.")


@router.get(STORAGE_KEYS, summary="Keys for what the browser keeps", responses=described(401, 403))
def get_storage_keys(asker: Asker, ctx: Ctx) -> StorageKeys:
    """For the page's own lists and for what is marked while the service is not reached. A program gets none."""
    return StorageKeys(own=_storage_keys(ctx, asker.account_id), everybody=_storage_keys(ctx, "everybody"))


@router.post(DRAFT_KEYS, summary="Keys of drafts that the browser keeps", responses=described(401, 403, 422))
def get_draft_keys(given: GivenDrafts, asker: Asker, ctx: Ctx) -> DraftKeysView:
    """The page opens unsent marks, lists and cuts with them."""
    return _view(draft_keys(ctx.settings, asker, given.ids))


@router.put(f"{DRAFT_KEYS}/{{draft_id}}", summary="The key of a draft", responses=described(401, 403, 422))
def create_draft_key(draft_id: GivenId, given: GivenDraft, asker: Asker, ctx: Ctx) -> DraftKeysView:
    """Made where there was none. The page seals unsent marks, lists and cuts of a film with it.

    With the last selection that was sent of the film, or with the family, the key is destroyed: what lies in a browser
    that never asks again can be read by nobody.
    """
    made = make_draft_key(ctx.db, ctx.settings, asker, draft_id, given.sent, is_everybodys=given.everybody)
    return _view(made)


def _storage_keys(ctx: AppContext, whose: str) -> list[str]:
    purpose = f"browser storage {whose}"
    keys = [service_key(ctx.settings, purpose), *former_service_keys(ctx.settings, purpose)]
    return [b64encode(key).decode() for key in keys]


def _view(found: DraftKeys) -> DraftKeysView:
    return DraftKeysView(keys={one: b64encode(key).decode() for one, key in found.keys.items()}, gone=found.gone)
