"""What was used, by day, actor, task and model."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "usage_by_day",
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("actor_id", sa.String(32), nullable=False),
        sa.Column("task", sa.String(100), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("visual_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "tenant", "actor_id", "task", "model", name="pk_usage_by_day"),
    )
    op.create_index("ix_usage_by_day_tenant_day", "usage_by_day", ["tenant", "day"])


def downgrade() -> None:
    op.drop_table("usage_by_day")
