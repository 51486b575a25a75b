"""``vigpack retention``: how long families are kept, and what goes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

import typer

from cli.screen import CommandFailed, print_json, say
from records.actions.apply_retention import Round, apply_retention, find_due
from records.actions.end_hold import end_hold
from records.actions.erase import erase_marked
from records.audit.actor import command_line
from records.clock import utcnow
from records.database import Database, open_database
from records.families.families import family_id_of
from records.retention.family import retention_by_owner
from records.retention.holds import holds_of, place_hold
from records.retention_policy.policy import Policy, policy_of
from records.settings import Settings, load_settings
from records.storage.open import open_storage
from worker.effects import carry_out_effects


class Act(StrEnum):
    """What to do."""

    SHOW = "show"
    NEXT = "next"
    HOLD = "hold"
    RELEASE = "release"
    RUN = "run"


def retention(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    code: Annotated[str, typer.Argument(help="For hold and release: the family's code.")] = "",
    reason: Annotated[str, typer.Option(help="For hold: why.")] = "",
    review_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="For hold: when somebody looks at it again.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="For run: count what would go, and do nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Tell how long families are kept and what goes; hold one, release it, or carry the policy out now.

    show prints the policy in force. next counts, by guider, what goes within a week. hold keeps everything of a family
    until release; what somebody said no to meanwhile goes then. run does what is due, as the service itself does every
    hour. No family's code is printed.
    """
    settings = load_settings()
    policy = policy_of(settings)
    with _opened(settings) as database:
        match act:
            case Act.SHOW:
                _show(policy, as_json=as_json)
            case Act.NEXT:
                _next(database, policy, as_json=as_json)
            case Act.HOLD:
                _hold(database, policy, code, reason, review_on, as_json=as_json)
            case Act.RELEASE:
                _release(database, settings, code, as_json=as_json)
            case Act.RUN:
                _run(database, settings, dry_run=dry_run, as_json=as_json)


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    database = open_database(settings)
    try:
        yield database
    finally:
        database.dispose()


def _show(policy: Policy, *, as_json: bool) -> None:
    if as_json:
        print_json(policy.model_dump(mode="json"))
        return
    for name, schedule in policy.schedules.items():
        say(f"{name}{' (default)' if name == policy.default else ''}: {schedule.title} ({schedule.rule})")
    say(f"What was sent of films: {policy.sources.ready}; where moments were never ready {policy.sources.unfinished}.")
    for purpose, term in policy.purposes.items():
        say(f"What was made for {purpose.replace('_', ' ')}: {term}")
    say(f"Involvement counts as ended after silence of: {policy.ended_after_silence or 'never'}.")
    say(f"Notice before a family goes: {policy.notice}.")


def _next(database: Database, policy: Policy, *, as_json: bool) -> None:
    with database.reading() as session:
        found = retention_by_owner(session, policy)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    for one in found:
        overdue = f", {one.reviews_overdue} to be looked at again" if one.reviews_overdue else ""
        say(
            f"{one.owner}: {one.going_within_a_week} of {one.families} go within a week, {one.told} told of, "
            f"{one.held} on hold{overdue}"
        )
    if not found:
        say("There is no family here.")


def _hold(
    database: Database, policy: Policy, code: str, reason: str, review_on: datetime | None, *, as_json: bool
) -> None:
    if not code or len(reason.strip()) < 3:
        raise CommandFailed(for_guider="Name the family's code, and why with --reason.")
    with database.session() as session:
        family_id = family_id_of(session, code)
        day = review_on.date() if review_on else None
        hold = place_hold(session, command_line(), family_id, policy, reason.strip()[:500], day)
    _tell({"hold": hold.id, "review_on": hold.review_on.isoformat()}, f"On hold until {hold.review_on}.", as_json)


def _release(database: Database, settings: Settings, code: str, *, as_json: bool) -> None:
    if not code:
        raise CommandFailed(for_guider="Name the family's code.")
    storage, emptied = open_storage(settings), set[str]()
    carry_out_effects(database, storage, settings)
    with database.session() as session:
        family_id = family_id_of(session, code)
        holds = holds_of(session, [family_id]).get(family_id, [])
        for hold in holds:
            emptied |= end_hold(session, command_line(), family_id, hold.id).selection_ids
    for selection_id in sorted(emptied):
        erase_marked(database, storage, settings, selection_id)
    _tell({"released": len(holds)}, f"Holds released: {len(holds)}.", as_json)


def _run(database: Database, settings: Settings, *, dry_run: bool, as_json: bool) -> None:
    now = utcnow()
    if dry_run:
        done = find_due(database, settings, now)
    else:
        storage = open_storage(settings)
        carry_out_effects(database, storage, settings)
        done = apply_retention(database, storage, settings, now)
    _tell(asdict(done), _sentence(done, dry_run=dry_run), as_json)


def _sentence(done: Round, *, dry_run: bool) -> str:
    would = "Would go" if dry_run else "Gone"
    outputs = f", {len(done.outputs)} outputs" if done.outputs else ""
    outputs += f", what was said no to in {len(done.noes)} families" if done.noes else ""
    return (
        f"{would}: {len(done.families)} families, what was sent for {len(done.sources)} reviews{outputs}. "
        f"{'To be told' if dry_run else 'Told'} of: {len(done.noticed)} families."
    )


def _tell(figures: dict[str, Any], sentence: str, as_json: bool) -> None:
    print_json(figures) if as_json else say(sentence)
