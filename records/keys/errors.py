"""What can go wrong with keys, in words for the guider and for IT."""

from __future__ import annotations

from records.errors import RecordsError


class KeyGone(RecordsError):
    """The key was destroyed: what it sealed was erased and can never be read again."""

    code = "key_gone"
    for_guider = "This was erased."


class KeyMissing(RecordsError):
    """The key store has no such key, though nobody destroyed it."""

    code = "key_missing"
    retryable = True
    outage = True
    for_guider = (
        "This cannot be opened just now, because its key is not at hand. Nothing was lost; please tell IT support."
    )


class MasterKeyMissing(RecordsError):
    """There are keys, and the master key that opens them is not at hand."""

    code = "master_key_missing"
    retryable = True
    outage = True
    for_guider = "Films and words cannot be opened just now, because the master key is missing. Please tell IT support."


class MasterKeyWrong(RecordsError):
    """The master key at hand is not the one that these keys were wrapped with."""

    code = "master_key_wrong"
    retryable = True
    outage = True
    for_guider = (
        "Films and words cannot be opened just now, because the master key is another one. Please tell IT support."
    )


class KeyDamaged(RecordsError):
    """A key's file is not what was written."""

    code = "key_damaged"
    for_guider = "A key is damaged, so this cannot be opened. Please tell IT support."


class KeyStoreUnavailable(RecordsError):
    """The folder of the keys cannot be read or written."""

    code = "key_store_unavailable"
    retryable = True
    outage = True
    for_guider = "Keys cannot be reached just now. Nothing was lost; try again in a minute."


class SealBroken(RecordsError):
    """What is sealed was changed, moved, cut off or mixed up."""

    code = "seal_broken"
    for_guider = "A stored file is damaged and was not used. Please tell IT support."


NO_KEY = (KeyMissing, MasterKeyMissing, MasterKeyWrong, KeyStoreUnavailable)
"""What passes once IT has put something right."""
