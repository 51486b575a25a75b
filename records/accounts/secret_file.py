"""Where this stood; it is in records/secrets/secret_file.py now."""

from records.secrets.secret_file import SecretFileUnusable, read_or_make_secret

__all__ = ["SecretFileUnusable", "read_or_make_secret"]
