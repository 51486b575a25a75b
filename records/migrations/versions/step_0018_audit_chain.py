"""Audit lines with ids, in a chain; on SQLite a trigger against replacing, too. Former lines stay, unchained."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_REFUSAL = "the audit is append-only"
_ACCOUNTS = {"this machine": f"{1:032x}", "guider": f"{2:032x}", "token": f"{2:032x}", "IT": f"{3:032x}"}
_OF_A_MOMENT = {"hide", "lift_hiding", "confirm_hiding"}
_TEXTS = [("account_id", 64), ("via", 32), ("session_id", 64), ("action", 32), ("target", 200), ("family_id", 32)]
_TEXTS += [("selection_id", 32), ("moment_id", 32), ("detail", 1000), ("key_name", 8), ("code", 64)]


def upgrade() -> None:
    names = ("who", "action", "target", "detail")
    former = sa.table("audit", sa.column("id"), sa.column("at", sa.DateTime()), *map(sa.column, names))
    asked = sa.select(former.c.at, *(former.c[name] for name in names)).order_by(former.c.id)
    lines = [dict(row._mapping) for row in op.get_bind().execute(asked)]
    op.drop_table("audit")
    audit = op.create_table(
        "audit",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.String(length=length), nullable=False) for name, length in _TEXTS),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit")),
    )
    for column in ("at", "account_id", "family_id", "selection_id"):
        op.create_index(op.f(f"ix_audit_{column}"), "audit", [column])
    if lines:
        op.bulk_insert(audit, [_from_before(number, line) for number, line in enumerate(lines, 1)])
    _refuse_changes()


def _from_before(sequence: int, line: dict[str, object]) -> dict[str, object]:
    who, action = str(line.pop("who")), str(line["action"])
    in_a_moment = action in _OF_A_MOMENT
    return {
        **dict.fromkeys((name for name, _ in _TEXTS), ""),
        **line,
        "sequence": sequence,
        "account_id": _ACCOUNTS.get(who, who.replace("command line, uid ", "command-line:")),
        "via": "from before",
        "moment_id": line["target"] if in_a_moment else "",
        "target": "" if in_a_moment else line["target"],
    }


def _refuse_changes() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        # INSERT OR REPLACE deletes what it replaces without asking the triggers of deletion.
        is_there = "EXISTS (SELECT 1 FROM audit WHERE sequence = NEW.sequence)"
        op.execute(
            f"CREATE TRIGGER audit_no_replace BEFORE INSERT ON audit WHEN {is_there} "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
        "FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()"
    )


def downgrade() -> None:
    op.drop_table("audit")
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=32), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
