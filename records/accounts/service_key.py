"""Where this stood; it is in records/secrets/service_key.py now."""

from records.secrets.service_key import service_key

__all__ = ["service_key"]
