"""Where this stood; it is in records/secrets/keys.py now."""

from records.secrets.keys import derive_key, hash_secret, is_same, new_secret, prove

__all__ = ["derive_key", "hash_secret", "is_same", "new_secret", "prove"]
