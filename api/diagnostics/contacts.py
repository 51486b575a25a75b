"""Whether people outside can find whom to ask."""

from __future__ import annotations

from api.diagnostics.check import Check
from records.settings import Settings


def check_contacts(settings: Settings) -> Check:
    """That people outside can find whom to ask; on one person's own machine there is nobody to tell."""
    part = "contacts"
    names = ("controller", "data_protection_contact", "accessibility_contact", "security_contact")
    missing = [f"VIGPACK_{name.upper()}" for name in names if not getattr(settings, name)]
    if not (settings.has_accounts or settings.token.get_secret_value()):
        return Check(part=part, state="ok", found="one person's own machine")
    if not missing:
        return Check(part=part, state="ok", found="set")
    remedy = "Papers, the page About this service and /.well-known/security.txt name them: docs/governance.md."
    return Check(part=part, state="warn", found=f"not set: {', '.join(missing)}", remedy=remedy)
