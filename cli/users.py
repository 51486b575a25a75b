"""``vigpack users``: the people of a service, from its own machine: the first manager above all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from cli.screen import CommandFailed, print_json, say
from records.accounts.local.invitations import GOOD_FOR
from records.accounts.local.people import (
    Person,
    ResetReason,
    change_roles,
    close_person,
    invite_again,
    invite_person,
    list_people,
    person_by_login,
)
from records.accounts.local.resets import confirm_reset
from records.accounts.principal import Role
from records.audit.actions import Action
from records.audit.actor import command_line
from records.audit.log import note
from records.database import open_database
from records.documents import Reason
from records.families.hand_over import families_owned, hand_over
from records.settings import Settings, load_settings

T = TypeVar("T")


class Act(StrEnum):
    """What is to be done with people."""

    LIST = "list"
    INVITE = "invite"
    RESET = "reset"
    CONFIRM = "confirm"
    ROLES = "roles"
    CLOSE = "close"
    HAND_OVER = "hand-over"


def users(
    act: Annotated[Act, typer.Argument(help="What to do.")],
    login: Annotated[str, typer.Argument(help="Whose: an email address or a short name. Not for list.")] = "",
    role: Annotated[list[Role] | None, typer.Option("--role", help="For invite and roles; several times.")] = None,
    name: Annotated[str, typer.Option(help="For invite: as colleagues are to see it.")] = "",
    reason: Annotated[ResetReason | None, typer.Option(help="For reset.")] = None,
    to: Annotated[str, typer.Option(help="For hand-over: the guider who gets the families.")] = "",
    why: Annotated[str, typer.Option(help="For hand-over: the reason, as both guiders are told.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Invite people, list them, change their roles, close their accounts.

    invite makes an account and prints a link, good once, by which its owner sets it up. reset takes password and second
    factor away and prints such a link; confirm says, after its owner has used it and you asked them, that it was they.
    roles gives these roles and no others. close ends sessions and tokens at once. hand-over gives all families of one
    guider to another, where no manager can: to the only manager, say.
    """
    by, value = command_line(), ""
    with _transaction() as (settings, session):
        match act:
            case Act.INVITE:
                _, value = invite_person(session, by, login, name, _given(role, "--role"))
            case Act.RESET:
                value = invite_again(session, by, person_by_login(session, login), _given(reason, "--reason"))
            case Act.CONFIRM:
                confirm_reset(session, by, person_by_login(session, login))
            case Act.ROLES:
                change_roles(session, by, person_by_login(session, login), _given(role, "--role"))
            case Act.CLOSE:
                close_person(session, by, person_by_login(session, login))
            case Act.HAND_OVER:
                former, new = person_by_login(session, login), person_by_login(session, _given(to, "--to"))
                reason_given = _reason(_given(why, "--why"))
                hand_over(session, by, families_owned(session, former), former, new, reason_given)
            case Act.LIST:
                note(session, by, Action.READ_PEOPLE)
        people = list_people(session) if act is Act.LIST else []
    if value:
        _print_link(settings, login, value, as_json=as_json)
    elif act is Act.LIST:
        _print_people(people, as_json=as_json)
    elif as_json:
        print_json({"login": login, "done": act})
    else:
        say(_done(act, login, to))


@contextmanager
def _transaction() -> Iterator[tuple[Settings, Any]]:
    settings = load_settings()
    if not settings.has_accounts:
        raise CommandFailed(
            for_guider="People have no accounts here. Set VIGPACK_LOCAL_ACCOUNTS=true, or the organisation's sign-in."
        )
    database = open_database(settings)
    try:
        with database.session() as session:
            yield settings, session
    finally:
        database.dispose()


def _given(value: T | None, option: str) -> T:
    if not value:
        raise CommandFailed(for_guider=f"Please say {option}, too.")
    return value


def _reason(given: str) -> str:
    try:
        return TypeAdapter(Reason).validate_python(given)
    except ValidationError as error:
        raise CommandFailed(for_guider="A reason has 3 to 500 characters.") from error


def _done(act: Act, login: str, to: str) -> str:
    if act is Act.HAND_OVER:
        return f"The families of {login} are {to}'s now."
    if act is Act.CONFIRM:
        return f"{login} can work here again."
    return f"The account of {login} is closed." if act is Act.CLOSE else f"{login} has these roles now."


def _print_people(people: list[Person], *, as_json: bool) -> None:
    if as_json:
        print_json([one.model_dump(mode="json") for one in people])
        return
    for one in people:
        waits = "" if one.has_password or one.state == "closed" else "  (has not set up the account yet)"
        say(f"{one.login or 'closed'}  {one.display_name}  {', '.join(one.roles)}{waits}")
    if not people:
        say("There is nobody yet. The first one is invited by: vigpack users invite LOGIN --role manager")


def _print_link(settings: Settings, login: str, value: str, *, as_json: bool) -> None:
    link = f"{settings.public_url or f'http://127.0.0.1:{settings.port}'}/#invite={value}"
    if as_json:
        print_json({"login": login, "link": link})
        return
    hours = int(GOOD_FOR.total_seconds() // 3600)
    print(f"For {login}, once and within {hours} hours:\n{link}\nWhoever opens it first has the account.", flush=True)
