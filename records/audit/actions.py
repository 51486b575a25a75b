"""What an audit line can say was done: one plain verb each, so that lines can be counted and searched."""

from __future__ import annotations

from enum import StrEnum


class Action(StrEnum):
    """A verb in the audit. One that stands in somebody's audit keeps its spelling for good."""

    # Coming and going
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    REFUSE = "refuse"
    """Somebody was answered 401, 403 or 429."""
    END_SESSION = "end_session"
    MAKE_TOKEN = "make_token"  # noqa: S105 a word
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 a word

    # Looking
    VIEW = "view"
    """A review with what was written about it, a moment, a still, or a preview."""
    DOWNLOAD = "download"
    """A file that is handed out: a pack, a booklet, a sheet to print."""
    ALLOW_PLAYER = "allow_player"
    """A pass with which a player may fetch one film for an hour."""

    # Reviews
    CREATE = "create"
    UPLOAD = "upload"
    DELETE_UPLOAD = "delete_upload"
    PREPARE = "prepare"
    """An output was asked for."""
    TRIM = "trim"
    HIDE = "hide"
    LIFT_HIDING = "lift_hiding"
    CONFIRM_HIDING = "confirm_hiding"
    WRITE = "write"
    """Words of a review."""
    RATE = "rate"
    DELETE_RATING = "delete_rating"
    ADD_ARTWORK = "add_artwork"
    CHANGE_ARTWORK = "change_artwork"
    DELETE_ARTWORK = "delete_artwork"
    CHANGE_LOGBOOK = "change_logbook"
    ERASE = "erase"

    CHANGE = "change"
    """By a route that has no verb of its own; it is named."""

    # Copies that leave
    HAND_OUT = "hand_out"
    """A copy left: sealed, by a link or plain; the target is its entry in the register."""
    RETURN_COPY = "return_copy"
    REVOKE_LINK = "revoke_link"
    OPEN_LINK = "open_link"
    """Somebody who has a link opened it."""

    # Families and people
    OPEN_FAMILY = "open_family"
    CHANGE_FAMILY = "change_family"
    CLOSE_FAMILY = "close_family"
    REOPEN_FAMILY = "reopen_family"
    SET_RETENTION = "set_retention"
    """How long a family is kept."""
    HOLD_FAMILY = "hold_family"
    """Nothing of it is erased until it is released."""
    RELEASE_FAMILY = "release_family"
    GIVE_NOTICE = "give_notice"
    """A family's guider was told that it goes."""
    ERASE_FAMILY = "erase_family"
    ERASE_OUTPUT = "erase_output"
    """What was made for one purpose went, as the policy says; the target is its kind."""
    ERASE_SOURCES = "erase_sources"
    """What was sent of a film went, as the policy says."""
    RECORD_CONSENT = "record_consent"
    """What somebody of a family said to some purposes was written down; figures tell what went because of it."""
    HEED_CONSENT = "heed_consent"
    """What somebody said no to while the family was on hold went when it was released; figures tell what."""
    ADD_CONSENT_FORM = "add_consent_form"
    SET_PEOPLE_SEEN = "set_people_seen"
    """Who can be seen or heard in a moment."""
    SHARE = "share"
    STOP_SHARING = "stop_sharing"
    HAND_OVER = "hand_over"
    BREAK_GLASS = "break_glass"
    READ_PEOPLE = "read_people"
    """The accounts here were listed."""
    INVITE = "invite"
    WITHDRAW_INVITATION = "withdraw_invitation"
    OPEN_ACCOUNT = "open_account"
    CHANGE_ROLES = "change_roles"
    CHANGE_ACCOUNT = "change_account"
    CLOSE_ACCOUNT = "close_account"
    LINK_IDENTITY = "link_identity"
    """An invited account is opened by a person of the organisation from now on."""
    RESET_SIGN_IN = "reset_sign_in"
    CONFIRM_RESET = "confirm_reset"
    """Somebody else, or a recovery code from before, said that it was its owner who opened an account anew."""
    CHANGE_PASSWORD = "change_password"  # noqa: S105 a word
    ADD_SECOND_FACTOR = "add_second_factor"
    REMOVE_SECOND_FACTOR = "remove_second_factor"
    NEW_RECOVERY_CODES = "new_recovery_codes"
    USE_RECOVERY_CODE = "use_recovery_code"

    # Operations
    RETRY = "retry"
    ACKNOWLEDGE = "acknowledge"
    CANCEL = "cancel"
    HOLD = "hold"
    RELEASE = "release"
    PRIORITY = "priority"
    DRAIN = "drain"
    UNDRAIN = "undrain"

    # The service and its command line
    START = "start"
    """The API began."""
    CHANGE_SETTING = "change_setting"
    """It has another value than when the API last began."""
    STOP = "stop"
    """The API ended in good order; the target is its start's."""
    MIGRATE = "migrate"
    BACKUP = "backup"
    RESTORE = "restore"
    BACKUP_KEYS = "backup_keys"
    RESTORE_KEYS = "restore_keys"
    ROTATE_KEYS = "rotate_keys"
    """Keys of families were wrapped with another master key."""
    ACCEPT_STORE = "accept_store"
    PRINT_KEY = "print_key"
    """The public key that checkpoints are signed with was shown."""
    PRINT_ADDRESS = "print_address"
    """The machine's address with its secret was shown on the terminal."""

    # The audit itself
    READ_AUDIT = "read_audit"
    EXPORT_AUDIT = "export_audit"
    VERIFY_AUDIT = "verify_audit"
