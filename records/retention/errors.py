"""What can go wrong with retention."""

from __future__ import annotations

from records.errors import RecordsError


class FamilyHeld(RecordsError):
    """Something of a family was to be erased that is on hold."""

    code = "family_held"
    for_guider = "This family is on hold, so nothing of it is erased. Release the hold first, if you may."


class HoldGone(RecordsError):
    """There is no such hold, or it was released."""

    code = "hold_gone"
    for_guider = "This hold is not there any more."


class ScheduleUnknown(RecordsError):
    """The policy has no such schedule, or the schedule needs a month of birth that was not given."""

    code = "schedule_unknown"
    for_guider = "Choose one of the schedules; one that runs until a child's age needs the month of birth, once."
