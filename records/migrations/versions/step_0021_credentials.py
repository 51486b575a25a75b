"""People's own accounts: logins, passwords, second factors, invitations, and signing in that is under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _id() -> sa.Column[str]:
    return sa.Column("id", sa.String(length=32), nullable=False)


def _account(table: str, *, nullable: bool = False) -> tuple[sa.Column[str], sa.ForeignKeyConstraint]:
    name = op.f(f"fk_{table}_account_id_accounts")
    return (
        sa.Column("account_id", sa.String(length=32), nullable=nullable),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=name, ondelete="CASCADE"),
    )


def upgrade() -> None:
    # Not as a batch: that makes the table anew, and dropping the old one would take every session with it.
    op.add_column("accounts", sa.Column("login", sa.String(length=100), nullable=True))
    op.create_index(op.f("ix_accounts_login"), "accounts", ["login"], unique=True)
    op.create_table(
        "credentials",
        *_account("credentials"),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("totp_sealed", sa.String(length=200), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_credentials")),
    )
    op.create_table(
        "recovery_codes",
        _id(),
        *_account("recovery_codes"),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
    )
    op.create_table(
        "passkeys",
        _id(),
        *_account("passkeys"),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkeys")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkeys_credential_id")),
    )
    op.create_table(
        "invitations",
        _id(),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        *_account("invitations"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_invitations_secret_hash")),
    )
    op.create_table(
        "pending_sign_ins",
        _id(),
        sa.Column("secret_hash", sa.String(length=64), nullable=False),
        *_account("pending_sign_ins", nullable=True),
        sa.Column("invitation_id", sa.String(length=32), nullable=True),
        sa.Column("challenge", sa.String(length=100), nullable=True),
        sa.Column("password_hash", sa.String(length=200), nullable=True),
        sa.Column("totp_sealed", sa.String(length=200), nullable=True),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["invitation_id"],
            ["invitations.id"],
            name=op.f("fk_pending_sign_ins_invitation_id_invitations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending_sign_ins")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_pending_sign_ins_secret_hash")),
    )
    for table in ("recovery_codes", "passkeys", "invitations", "pending_sign_ins"):
        op.create_index(op.f(f"ix_{table}_account_id"), table, ["account_id"])
    op.create_index(op.f("ix_pending_sign_ins_ends_at"), "pending_sign_ins", ["ends_at"])


def downgrade() -> None:
    for table in ("pending_sign_ins", "invitations", "passkeys", "recovery_codes", "credentials"):
        op.drop_table(table)
    op.drop_index(op.f("ix_accounts_login"), "accounts")
    op.drop_column("accounts", "login")
