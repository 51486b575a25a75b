"""Who may see and do what, and how somebody proves who they are, by the settings in force."""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from records.accounts.principal import Role, Scope, scopes_of
from records.families.break_glass import GOOD_FOR as BREAK_GLASS
from records.settings import Settings

ROLE_TITLES: Final = {
    Role.GUIDER: "Guider",
    Role.SUPERVISOR: "Supervisor",
    Role.MANAGER: "Service manager",
    Role.GOVERNANCE: "Information governance",
    Role.IT: "IT support",
}
SCOPE_WORDS: Final = {
    Scope.REVIEWS_READ: "see reviews of families that are theirs or shared with them",
    Scope.REVIEWS_WRITE: "send moments, make, change, hand out and erase what is of their families",
    Scope.OPERATIONS_READ: "see how the service is",
    Scope.OPERATIONS_WRITE: "retry, hold and stop jobs, without seeing what they are of",
    Scope.PEOPLE_READ: "see who works here, and how many families are whose",
    Scope.PEOPLE_WRITE: "invite people, change roles, close accounts, hand families over",
    Scope.PEOPLE_CONFIRM: "confirm as a second person that somebody who was invited anew is who they say",
    Scope.REPORTS_READ: "see counts, and logbooks that their guiders show",
    Scope.AUDIT_READ: "read the audit, and check that it is whole",
}


class RoleView(BaseModel):
    """What somebody of a role may do."""

    model_config = ConfigDict(frozen=True)

    role: Role
    title: str
    may: tuple[str, ...]
    sees_films: bool


def roles() -> tuple[RoleView, ...]:
    """Every role, with what records/accounts/principal.py lets it do."""
    return tuple(
        RoleView(
            role=role,
            title=ROLE_TITLES[role],
            may=tuple(SCOPE_WORDS[scope] for scope in Scope if scope in scopes_of([role])),
            sees_films=Scope.REVIEWS_READ in scopes_of([role]),
        )
        for role in Role
    )


def sign_in_of(settings: Settings) -> tuple[str, ...]:
    """How people prove who they are, a sentence each."""
    said = []
    if settings.oidc_issuer:
        said.append(
            "People sign in with their organisation’s own account (OpenID Connect); the second factor is the"
            " organisation’s."
        )
        if settings.oidc_amr_values or settings.oidc_acr_values:
            said.append(
                "A sign-in counts only where the organisation says by which method it was made, and it is one of those"
                " asked for."
            )
    if settings.local_accounts:
        said.append("People sign in with accounts of this service: a password and a second factor, or a passkey.")
        said.append(
            "Passwords of known breaches are refused."
            if settings.breached_passwords
            else "Passwords of known breaches are not looked up: no list is set (VIGPACK_BREACHED_PASSWORDS)."
        )
    if settings.token.get_secret_value():
        said.append(
            "One token is shared by everybody who knows it: all of them are one person to the service, who sees every"
            " family of that one."
        )
    elif not settings.has_accounts and settings.open_to_everyone_on_this_machine:
        said.append("Nobody is asked who they are: every account of this computer sees and can erase every film.")
    elif not settings.has_accounts:
        said.append(
            "One person uses the service on their own machine; a secret file that only their account can read opens it."
        )
    if settings.it_token.get_secret_value():
        said.append("A second shared token is IT’s: it opens how the service is, and nothing of a family.")
    return tuple(said)


def is_personal(settings: Settings) -> bool:
    """Whether it is known of everybody who they are: no token is shared, and sign-in is not switched off."""
    return not settings.token.get_secret_value() and (
        settings.has_accounts or not settings.open_to_everyone_on_this_machine
    )


EXCEPTIONS: Final = (
    (
        "In an emergency a guider or supervisor sees a family that is not shared with them for"
        f" {int(BREAK_GLASS.total_seconds() // 3600)} hours, with a reason, without changing anything. Its guider, all"
        " managers and information governance are told at once."
    ),
    (
        "IT with a shell on the server has the keys at hand and can read what it holds. That is for the organisation’s"
        " own rules."
    ),
)
