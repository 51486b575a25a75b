"""Work that ends as nobody foresaw, done in the jail as any other."""

from __future__ import annotations

import errno

from pipeline.jail.zygote import Telling
from pipeline.run.orders import MomentMade, MomentOrder


def break_down(_order: MomentOrder, _tell: Telling) -> MomentMade:
    raise RuntimeError("Ella looks up. Mum waits.")


def disk_is_full(_order: MomentOrder, _tell: Telling) -> MomentMade:
    raise OSError(errno.ENOSPC, "No space left on device")


def disk_is_full_in_words(_order: MomentOrder, _tell: Telling) -> MomentMade:
    raise RuntimeError("wrote 0 of 9: No space left on device")
