"""The audit: events, which are only added to, and the row that says where they end."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_REFUSAL = "audit_events is append-only"


def upgrade() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.String(255), nullable=True),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("role", sa.String(255), nullable=True),
        sa.Column("tenant", sa.String(255), nullable=True),
        sa.Column("address", sa.String(64), nullable=True),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("resource", sa.String(32), nullable=False),
        sa.Column("target_id", sa.String(255), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("result", sa.String(8), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=True),
        sa.Column("session_id", sa.String(64), nullable=True),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_events"),
    )
    op.create_index("ix_audit_events_recorded_ms", "audit_events", ["recorded_ms"])
    op.create_index("ix_audit_events_actor_id", "audit_events", ["actor_id", "sequence"])
    op.create_index("ix_audit_events_action", "audit_events", ["action", "resource", "sequence"])
    op.create_index("ix_audit_events_target_id", "audit_events", ["target_id", "sequence"])
    op.create_index("ix_audit_events_tenant", "audit_events", ["tenant", "sequence"])
    op.create_index("ix_audit_events_address", "audit_events", ["address", "sequence"])
    op.create_index("ix_audit_events_request_id", "audit_events", ["request_id"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("base_sequence", sa.BigInteger(), nullable=False),
        sa.Column("base_mac", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_ms", sa.BigInteger(), nullable=False),
        sa.Column("algorithm", sa.String(16), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("seal", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    fresh = {"base_sequence": 0, "base_mac": b"", "sequence": 0, "mac": b"", "recorded_ms": 0}
    op.bulk_insert(head, [{"id": 1, **fresh, "algorithm": "", "key_id": "", "seal": b""}])
    _refuse_changes(op.get_bind().dialect.name)


def _refuse_changes(dialect: str) -> None:
    """Against mistakes of ours: whoever may drop a trigger is found by the signatures."""
    archived = "(SELECT base_sequence FROM audit_head WHERE id = 1)"
    if dialect == "postgresql":
        op.execute(
            "CREATE FUNCTION kantu_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF TG_OP = 'DELETE' THEN IF OLD.sequence <= {archived} THEN RETURN OLD; END IF; END IF; "
            f"RAISE EXCEPTION '{_REFUSAL}'; END $$"
        )
        for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER audit_events_append_only_{each.lower()} BEFORE {event} ON audit_events "
                f"FOR EACH {each} EXECUTE FUNCTION kantu_audit_append_only()"
            )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    op.execute(f"CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events {refuse}")
    op.execute(
        f"CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events WHEN OLD.sequence > {archived} {refuse}"
    )


def downgrade() -> None:
    op.drop_table("audit_events")
    op.drop_table("audit_head")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION kantu_audit_append_only()")
