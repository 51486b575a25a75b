"""What can go wrong with an account of this service, each with its sentence."""

from __future__ import annotations

from pipeline.errors import PipelineError


class AccountError(PipelineError):
    """Something about an account is not as asked; each kind has its status in api/errors.py."""

    code = "account_error"


class SignInWrong(AccountError):
    """Whatever was wrong: login, password, code or passkey. Nobody learns which logins there are."""

    code = "sign_in_wrong"
    for_guider = "That did not match. Please check what you typed and try again."


class PasskeyWrong(SignInWrong):
    """What a browser answered about a passkey cannot be verified, or it is no passkey of theirs."""

    code = "passkey_wrong"
    for_guider = "This passkey was not accepted. Please try again, or choose another way to sign in."


class SignInEnded(AccountError):
    """The steps of signing in were begun too long ago, in another browser, or have been finished."""

    code = "sign_in_ended"
    for_guider = "Signing in took too long, or was finished already. Please begin again with your password."


class SignInBusy(AccountError):
    """Very many have begun to sign in and not gone on."""

    code = "sign_in_busy"
    retryable = True
    for_guider = "Very many are signing in just now. Please try again in a few minutes."


class SecondFactorBlocked(AccountError):
    """So many wrong codes with the right password that somebody else may know it."""

    code = "second_factor_blocked"
    for_guider = (
        "Too many wrong codes were given with your password; somebody else may know it. "
        "Ask your service's manager for a new invitation."
    )


class InvitationEnded(AccountError):
    """No such invitation, or it was used, replaced or is too old."""

    code = "invitation_ended"
    for_guider = "This invitation was used already or has ended. Ask your service's manager for a new one."


class BreachedListUnreadable(AccountError):
    """The list of breached passwords that a setting names is not there, or is no such list."""

    code = "breached_list_unreadable"
    for_guider = (
        "The list of breached passwords (VIGPACK_BREACHED_PASSWORDS) cannot be read, so no password can be chosen just "
        "now. It is one file of lines SHA-1:how often, ordered by hash. Ask IT support."
    )


class PasswordTooWeak(AccountError):
    """A password that others could guess; its sentence says why."""

    code = "password_too_weak"
    for_guider = "This password is too easy to guess. Several words that do not belong together make a good one."


class LoginWrong(AccountError):
    """Something that cannot be a login."""

    code = "login_wrong"
    for_guider = "A login has 3 to 100 characters and no spaces: an email address or a short name."


class LoginTaken(AccountError):
    """Somebody who is not closed has this login."""

    code = "login_taken"
    for_guider = "There is somebody with this login already."


class NoSuchPerson(AccountError):
    """No account of a person, or a closed one."""

    code = "no_such_person"
    for_guider = "There is nobody with this login or number, or the account is closed."


class ResetGone(AccountError):
    """No reset of this account waits to be confirmed."""

    code = "reset_gone"
    for_guider = "There is nothing to confirm here any more."


class ResetNotOpened(AccountError):
    """A reset was to be confirmed before anybody had opened the account."""

    code = "reset_not_opened"
    for_guider = "The new invitation has not been used yet. Once it has been, ask them in person, then confirm it."


class ResetNotIndependent(AccountError):
    """The person who made the reset could be using the account that was to confirm it."""

    code = "reset_not_independent"
    for_guider = (
        "Who made this invitation cannot confirm it, nor can anybody whom they invited, gave roles or invited anew. "
        "Another manager, information governance, or IT at the service's console can."
    )


class SignsInElsewhere(AccountError):
    """An account of the organisation's sign-in has nothing to reset here."""

    code = "signs_in_elsewhere"
    for_guider = "The organisation signs this person in. Password and second factor are reset there."


class NotYourself(AccountError):
    """Nobody gives rights to herself, or takes herself out."""

    code = "not_yourself"
    for_guider = (
        "This is for another manager to do: nobody changes their own roles, or closes or resets their own account."
    )


class NoSuchPasskey(AccountError):
    """The account has no such passkey."""

    code = "no_such_passkey"
    for_guider = "There is no such passkey any more."


class PasskeyRefused(AccountError):
    """The account's passkeys stay as they are; each kind says why."""

    code = "passkey_refused"


class PasskeyTaken(PasskeyRefused):
    """It is remembered already."""

    code = "passkey_taken"
    for_guider = "This passkey is known already. To add another one, choose another device."


class TooManyPasskeys(PasskeyRefused):
    """More than anybody has devices."""

    code = "too_many_passkeys"
    for_guider = "You have as many passkeys as can be kept. Remove one that you do not use first."


class LastSecondFactor(PasskeyRefused):
    """Without it a password alone would be left."""

    code = "last_second_factor"
    for_guider = "This is the only thing that protects your account beside the password. Add another one first."
