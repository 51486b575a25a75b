"""The store that the settings name."""

from __future__ import annotations

from records.keys.ring import key_ring
from records.settings import Settings
from records.storage.contract import Storage
from records.storage.folder import FolderStorage
from records.storage.sealed import SealedStorage


def open_storage(settings: Settings) -> SealedStorage:
    """The store named in the settings, without a name a folder in ``data_dir``; what is of a family is sealed in it.

    S3 clients hold threads: open one in each process, after it was forked.
    Raises: StorageUnavailable.
    """
    return SealedStorage(_open_plain(settings), key_ring(settings))


def _open_plain(settings: Settings) -> Storage:
    if not settings.storage_url:
        return FolderStorage(settings.data_dir / "store")
    from records.storage.s3 import open_s3  # a folder store needs no S3 client in memory

    return open_s3(settings)
