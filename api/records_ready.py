"""Keeps the database shut until what was erased is erased in it again, in case an older one was put in its place."""

from __future__ import annotations

import threading

from api.dependencies import AppContext
from records.backup.put_back import count_erasures, erase_by_register, erase_without_key
from records.database import open_database
from records.errors import DatabaseUnavailable, RecordsNotReady
from records.logs import get_logger
from records.migrations.migrate import is_current
from records.storage.contract import StorageUnavailable
from worker.effects import carry_out_effects

log = get_logger("api")


class RecordsReady:
    """Opens the database of this process when it may be shown. One for each process; ``look`` is called by one thread.

    Words and films need the key store alone, so nothing waits for a bucket that is away: what its register names
    besides is done as soon as it answers.
    """

    def __init__(self, ctx: AppContext) -> None:
        self._ctx = ctx
        self.erasures: int | None = None
        """How many the database knew of when it was last looked at."""
        self._is_register_done = False
        self.looked = threading.Event()
        """The first look is over, whatever it found."""
        self._why: DatabaseUnavailable = RecordsNotReady()
        self._shut()

    def look(self) -> None:
        """Open the database once nothing erased is in it; shut it where it lost erasures that it knew.

        Raises: DatabaseUnavailable, KeyStoreUnavailable; RecordsNotReady where its tables are of another version.
        """
        try:
            if self.erasures is not None and not self._is_older(self.erasures) and self._is_register_done:
                return
            self._do_again()
        except DatabaseUnavailable as error:
            self._why = error
            raise
        finally:
            self.looked.set()

    def _is_older(self, known: int) -> bool:
        self.erasures = count_erasures(self._ctx.db)
        if self.erasures >= known:
            return False
        self._shut()
        return True

    def _do_again(self) -> None:
        settings, storage = self._ctx.settings, self._ctx.storage
        db = open_database(settings)  # its sessions ask nobody
        try:
            carry_out_effects(db, storage, settings)
            if not is_current(db):
                raise RecordsNotReady("the tables have another shape")
            try:
                erase_without_key(db, settings)
            except StorageUnavailable as error:  # it is committed: sweeping takes the files
                log.warning("files_not_deleted_yet", cause=str(error))
            try:
                erase_by_register(db, storage)
                self._is_register_done = True
            except StorageUnavailable as error:
                log.warning("register_waits_for_the_store", cause=str(error))
            self.erasures = count_erasures(db)
            self._ctx.db.before_use = None
        finally:
            db.dispose()

    def _shut(self) -> None:
        self._is_register_done = False
        self._why = RecordsNotReady("what was erased is not erased again yet")
        self._ctx.db.before_use = self._refuse

    def _refuse(self) -> None:
        raise type(self._why)(str(self._why))
