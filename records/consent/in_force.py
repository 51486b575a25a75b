"""What the service whose database this is says of purposes; apart from it, so that who needs no database loads none."""

from __future__ import annotations

from sqlalchemy.orm import Session

from records.consent.policy import Policy, load_policy
from records.database import SETTINGS
from records.settings import Settings


def policy_of(session: Session) -> Policy:
    """The policy of the service whose database this is."""
    return load_policy(settings_of(session).consent_policy)


def settings_of(session: Session) -> Settings:
    """The settings of the service whose database this is."""
    settings: Settings = session.info[SETTINGS]
    return settings
