"""Every request that changes something, shows something of a family or is refused leaves its line in the audit.

What changes something has its line in the very transaction that does it, or before its answer begins where there is
none. What shows something has it before the first byte: once for each account, session and thing in ten minutes,
however many ranges a player asks for. Where the audit cannot be written nothing is shown. Only a refusal is answered
without its line then; of refusals one of a kind is written a minute, so that nobody can fill the disk with them.
"""

from __future__ import annotations

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer_error
from api.middleware.access import SAFE_METHODS
from api.middleware.audit_rules import Rule, rule_of
from pipeline.errors import PipelineError
from pipeline.limits import ID_PATTERN
from records.audit.act import Act, Transaction, doing
from records.audit.actions import Action
from records.audit.actor import NOBODY, Actor
from records.audit.log import begun_in, note, of_artifact
from records.database import Database
from records.errors import DatabaseUnavailable
from records.logs import get_logger

LOOK_AGAIN_S: Final = 600.0
_REFUSED: Final = {401, 403, 429}
_REFUSED_AGAIN_S: Final = 60.0
_MOST_REMEMBERED: Final = 10_000
_COPIES: Final = "/api/v1/copies"
_ID: Final = re.compile(ID_PATTERN)
"""Of what stands in an address only this goes into a line: a rater's place in it holds a name."""

log = get_logger("audit")


class Audited:
    """Writes the lines."""

    def __init__(self, app: ASGIApp, db: Database, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._db, self._clock = app, db, clock
        self._noted: OrderedDict[Hashable, float] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        act = Act(lambda session: self._in_its_transaction(session, scope))
        has_failed = False

        async def send_once_noted(message: Message) -> None:
            nonlocal has_failed
            if message["type"] == "http.response.start":
                try:
                    await self._before_answer(scope, message["status"], act)
                except DatabaseUnavailable as error:
                    has_failed = True
                    await answer_error(error, scope)(scope, receive, send)
            if not has_failed:
                await send(message)

        with doing(act):
            await self._app(scope, receive, send_once_noted)

    def _in_its_transaction(self, session: Transaction, scope: Scope) -> None:
        rule = _rule(scope)
        if rule is None or scope["method"] in SAFE_METHODS or rule.is_at_answer or not _has_principal(scope):
            return
        if not (rule.once and self._is_known(_key(scope, rule))):
            self._note(session, scope, rule)
            if rule.once:
                self._remember(_key(scope, rule), LOOK_AGAIN_S)

    async def _before_answer(self, scope: Scope, status: int, act: Act) -> None:
        if status in _REFUSED:
            await self._refusal(scope, status)
            return
        rule = _rule(scope)
        if rule is None or status >= 400 or scope["method"] == "HEAD" or act.is_noted:
            return
        key = _key(scope, rule)
        if rule.once and self._is_known(key):
            return
        await run_in_threadpool(self._write, lambda session: self._note(session, scope, rule))
        if rule.once:
            self._remember(key, LOOK_AGAIN_S)

    async def _refusal(self, scope: Scope, status: int) -> None:
        who, route = _who(scope), f"{scope['method']} {_template(scope) or '(unknown)'}"
        key = ("refusal", who.account_id, who.session_id, route, status)
        if self._is_known(key):
            return
        self._remember(key, _REFUSED_AGAIN_S)
        try:
            await run_in_threadpool(
                self._write, lambda session: note(session, who, Action.REFUSE, route, figures={"status": status})
            )
        except PipelineError as error:
            log.warning("refusal_not_noted", code=error.code, route=route, status=status)

    def _write(self, add_line: Callable[[Transaction], None]) -> None:
        with doing(None), self._db.session() as session:
            add_line(session)

    def _note(self, session: Transaction, scope: Scope, rule: Rule) -> None:
        given = {name: value for name, value in _named(scope).items() if _ID.fullmatch(str(value))}
        family_id, selection_id, moment_id = (given.pop(f"{name}_id", "") for name in ("family", "selection", "moment"))
        action, target = rule.action, " ".join(given.values())
        if rule.action == Action.CHANGE:
            target = f"{scope['method']} {_template(scope)}"
        if "artifact_id" in given and (found := of_artifact(session, given["artifact_id"])):
            moment_id, is_of_moment = found
            action = Action.VIEW if is_of_moment else Action.DOWNLOAD
        if rule.action == Action.CREATE:
            selection_id = begun_in(session)
        note(
            session,
            _who(scope),
            action,
            target,
            family_id=family_id,
            selection_id=selection_id,
            moment_id=moment_id,
        )

    def _is_known(self, key: Hashable) -> bool:
        return self._noted.get(key, 0.0) > self._clock()

    def _remember(self, key: Hashable, seconds: float) -> None:
        self._noted[key] = self._clock() + seconds
        self._noted.move_to_end(key)
        if len(self._noted) > _MOST_REMEMBERED:
            self._noted.popitem(last=False)


def _template(scope: Scope) -> str:
    return getattr(scope.get("route"), "path", None) or ""


def _named(scope: Scope) -> dict[str, Any]:
    """What a request names: in its address, and of the register of copies, which has no address for each, beside it."""
    asked = QueryParams(scope["query_string"]) if _template(scope) == _COPIES else {}
    return {name: asked[name] for name in ("family_id", "selection_id") if name in asked} | (
        scope.get("path_params") or {}
    )


def _rule(scope: Scope) -> Rule | None:
    return rule_of(scope["method"], _template(scope))


def _has_principal(scope: Scope) -> bool:
    return "principal" in scope.get("state", {})


def _who(scope: Scope) -> Actor:
    who: Actor = scope.get("state", {}).get("principal", NOBODY)
    return who


def _key(scope: Scope, rule: Rule) -> Hashable:
    who, named = _who(scope), tuple(sorted(_named(scope).items()))
    return who.account_id, who.session_id, rule.action, _template(scope), named
