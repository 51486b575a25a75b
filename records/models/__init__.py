"""Every table of the service."""

from records.clock import utcnow
from records.models.accounts import (
    AccountRow,
    ApiTokenRow,
    ExternalIdentityRow,
    ExternalSessionRow,
    LoginStateRow,
    SessionRow,
    SpentLogoutTokenRow,
)
from records.models.base import Base, UtcDateTime, new_id
from records.models.consent import ConsentFormRow, ConsentRow
from records.models.copies import CopyLinkRow, HandedOutCopyRow
from records.models.credentials import (
    CredentialRow,
    InvitationRow,
    PasskeyRow,
    PendingSignInRow,
    RecoveryCodeRow,
    ResetRow,
)
from records.models.families import FamilyRow, FamilyShareRow, HandOverRow, NoticeRow
from records.models.hiding import HidingRow, WithheldRow
from records.models.jobs import NO_REVIEW, ClockRow, JobRow, WorkerRow
from records.models.monitoring import AuditRow, ErasureRow, JobOutcomeCountRow, LastSettingRow, SampleRow
from records.models.outputs import OutputRow, OutputSourceRow
from records.models.retention import ErasureCertificateRow, FamilyRetentionRow, RetentionHoldRow
from records.models.selections import ArtifactRow, ArtworkRow, MomentRow, SelectionRow, WordsRow
from records.models.store import StoreIdentityRow
from records.models.subject_access import SubjectAccessDecisionRow, SubjectAccessRow
from records.models.training import LogbookClientRow, LogbookCycleRow, LogbookHoursRow, LogbookRow, RatingRow
from records.models.uploads import UploadRow
from records.states import JobState, MomentState, SelectionState, UploadState

__all__ = [
    "NO_REVIEW",
    "AccountRow",
    "ApiTokenRow",
    "ArtifactRow",
    "ArtworkRow",
    "AuditRow",
    "Base",
    "ClockRow",
    "ConsentFormRow",
    "ConsentRow",
    "CopyLinkRow",
    "CredentialRow",
    "ErasureCertificateRow",
    "ErasureRow",
    "ExternalIdentityRow",
    "ExternalSessionRow",
    "FamilyRetentionRow",
    "FamilyRow",
    "FamilyShareRow",
    "HandOverRow",
    "HandedOutCopyRow",
    "HidingRow",
    "InvitationRow",
    "JobOutcomeCountRow",
    "JobRow",
    "JobState",
    "LastSettingRow",
    "LogbookClientRow",
    "LogbookCycleRow",
    "LogbookHoursRow",
    "LogbookRow",
    "LoginStateRow",
    "MomentRow",
    "MomentState",
    "NoticeRow",
    "OutputRow",
    "OutputSourceRow",
    "PasskeyRow",
    "PendingSignInRow",
    "RatingRow",
    "RecoveryCodeRow",
    "ResetRow",
    "RetentionHoldRow",
    "SampleRow",
    "SelectionRow",
    "SelectionState",
    "SessionRow",
    "SpentLogoutTokenRow",
    "StoreIdentityRow",
    "SubjectAccessDecisionRow",
    "SubjectAccessRow",
    "UploadRow",
    "UploadState",
    "UtcDateTime",
    "WithheldRow",
    "WordsRow",
    "WorkerRow",
    "new_id",
    "utcnow",
]
