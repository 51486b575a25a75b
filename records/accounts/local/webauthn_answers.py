"""What browsers are asked and answer about passkeys (Web Authentication Level 3), verified by py_webauthn.

A passkey is made and used only with user verification, by a PIN, a finger or a face: what the device holds and what its
owner knows or is are two factors. Loaded where a passkey is used: the library brings its own readers of certificates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from records.accounts.local.errors import PasskeyWrong
from records.accounts.local.passkeys import KnownPasskey, NewPasskey
from records.accounts.local.relying_party import RelyingParty

_ALGORITHMS: Final = [
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,  # Windows Hello on older computers
]
_WITHIN_MS: Final = 120_000


def creation_options(
    party: RelyingParty, challenge: str, *, account_id: str, login: str, display_name: str, known: Iterable[str]
) -> dict[str, Any]:
    """What the browser is asked to make. ``known``: passkeys of the account, none of which is made twice."""
    made = generate_registration_options(
        rp_id=party.id,
        rp_name="vigpack",
        user_id=account_id.encode(),
        user_name=login,
        user_display_name=display_name,
        challenge=base64url_to_bytes(challenge),
        timeout=_WITHIN_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=_described(known),
        supported_pub_key_algs=_ALGORITHMS,
    )
    return options_to_json_dict(made)


def request_options(party: RelyingParty, challenge: str, known: Iterable[str] = ()) -> dict[str, Any]:
    """What the browser is asked to sign; by one of the ``known`` passkeys, or by whichever its owner chooses."""
    asked = generate_authentication_options(
        rp_id=party.id,
        challenge=base64url_to_bytes(challenge),
        timeout=_WITHIN_MS,
        allow_credentials=_described(known),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(asked)


def verify_new_passkey(party: RelyingParty, challenge: str, answer: Mapping[str, Any]) -> NewPasskey:
    """The passkey that a browser made for this challenge. Raises: PasskeyWrong."""
    with _refusing():
        _check_same_site(answer)
        made = verify_registration_response(
            credential=dict(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=_ALGORITHMS,
        )
    return NewPasskey(
        bytes_to_base64url(made.credential_id), bytes_to_base64url(made.credential_public_key), made.sign_count
    )


def verify_passkey(
    party: RelyingParty, challenge: str, answer: Mapping[str, Any], known: KnownPasskey, *, names_account: bool
) -> int:
    """The passkey's new count of signatures, if it signed this challenge here, verified its owner, and is no copy.

    ``names_account``: nobody said before whose it is, so it has to. Raises: PasskeyWrong.
    """
    handle = answer["response"].get("userHandle")
    with _refusing():
        _check_same_site(answer)
        if (handle or names_account) and base64url_to_bytes(handle or "") != known.account_id.encode():
            raise ValueError("made for another account")
        verified = verify_authentication_response(
            credential=dict(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=base64url_to_bytes(known.public_key),
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    return verified.new_sign_count


def _check_same_site(answer: Mapping[str, Any]) -> None:
    """Nothing, if our own page asked, not one that holds it in a frame; py_webauthn 3.0 leaves that to its caller."""
    if parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"])).cross_origin:
        raise ValueError("asked for from within another site")


def _described(known: Iterable[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(one)) for one in known]


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever cannot be read of an answer is a wrong one."""
    try:
        yield
    except (WebAuthnException, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise PasskeyWrong(f"{type(error).__name__}: {error}"[:300]) from error
