"""The store that the settings name."""

from __future__ import annotations

from records.settings import Settings
from records.storage.contract import Storage
from records.storage.folder import FolderStorage


def open_storage(settings: Settings) -> Storage:
    """The store named in the settings; without a name, a folder in ``data_dir``.

    S3 clients hold threads: open one in each process, after it was forked.
    Raises: StorageUnavailable.
    """
    if not settings.storage_url:
        return FolderStorage(settings.data_dir / "store")
    from records.storage.s3 import open_s3  # a folder store needs no S3 client in memory

    return open_s3(settings)
