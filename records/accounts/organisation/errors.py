"""Why somebody could not sign in with their organisation's account, in words for them."""

from __future__ import annotations

from pipeline.errors import PipelineError


class OrganisationMisconfigured(PipelineError):
    """The settings of the organisation's sign-in cannot be used; the service does not start with them."""

    code = "organisation_misconfigured"
    for_guider = "The settings of the organisation's sign-in (VIGPACK_OIDC_…) are not complete."


class OrganisationRefused(PipelineError):
    """Somebody was not signed in; each kind says why."""

    code = "organisation_refused"
    for_guider = "You could not be signed in with your organisation's account. Please tell IT support."


class ProviderAway(OrganisationRefused):
    """The provider cannot be reached, or what it answers is of no use."""

    code = "organisation_away"
    retryable = True
    outage = True
    for_guider = (
        "Your organisation's sign-in does not answer just now. Nothing of yours is lost. "
        "Please try again in a minute, and tell IT support if it stays so."
    )


class LoginUnknown(OrganisationRefused):
    """The answer belongs to no sign-in that this browser began within the last minutes, or to one that is over."""

    code = "organisation_login_unknown"
    for_guider = "This sign-in was begun in another window, or too long ago. Please begin it again."


class LoginDeclined(OrganisationRefused):
    """The provider itself said no, or the person did."""

    code = "organisation_login_declined"
    for_guider = "Your organisation did not let you sign in to vigpack. If that is not what you wanted, ask IT support."


class NotProven(OrganisationRefused):
    """What the provider signed, or is said to have signed, does not hold."""

    code = "organisation_not_proven"
    for_guider = (
        "What your organisation's sign-in answered could not be verified, so nobody was signed in. "
        "Please tell IT support."
    )


class SecondFactorMissing(OrganisationRefused):
    """The provider did not say that they signed in as strongly as is asked for here."""

    code = "organisation_second_factor_missing"
    for_guider = (
        "vigpack asks for a sign-in with a second step, such as a code on your phone, and your organisation's sign-in "
        "did not say that there was one. Please ask IT support."
    )


class NoRoleGiven(OrganisationRefused):
    """They are known to the organisation, which gives them no part in this service."""

    code = "organisation_no_role"
    for_guider = (
        "Your organisation knows you, and has not given you a part in vigpack. Please ask your manager or IT support."
    )


class NotInvited(OrganisationRefused):
    """Accounts are made by invitation here, and they have none."""

    code = "organisation_not_invited"
    for_guider = "You have no account in vigpack yet. Please ask your manager for an invitation."


class AccountClosed(OrganisationRefused):
    """Their account was closed here."""

    code = "organisation_account_closed"
    for_guider = "Your account in vigpack was closed. If that is a mistake, ask your manager."


class InvitationOver(OrganisationRefused):
    """The invitation that began this was used, replaced, is too old, or its account was closed."""

    code = "organisation_invitation_over"
    for_guider = "This invitation was used already or has ended. Ask your service's manager for a new one."


class IdentityKnown(OrganisationRefused):
    """Whom the provider named has an account here already, so no invitation gives them another one."""

    code = "organisation_identity_known"
    for_guider = (
        "Your organisation's account opens an account in vigpack already: sign in without the invitation. "
        "If the invitation was for somebody else, give it to them; it is still good."
    )
