"""Kept exchanges, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "history",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("cipher", sa.String(16), nullable=False),
        sa.Column("master_key_id", sa.String(32), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("pictures", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_history"),
    )
    op.create_index("ix_history_owner_created_at", "history", ["owner", "created_at", "id"])
    op.create_index("ix_history_expires_at", "history", ["expires_at"])
    op.create_index("ix_history_master_key_id", "history", ["master_key_id"])
    op.create_table(
        "history_pictures",
        sa.Column("history_id", sa.String(64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("history_id", "number", name="pk_history_pictures"),
        sa.ForeignKeyConstraint(
            ["history_id"], ["history.id"], name="fk_history_pictures_history_id_history", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    op.drop_table("history_pictures")
    op.drop_table("history")
