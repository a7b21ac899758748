"""Groups of people with quotas."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "groups",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("tenant", sa.String(100), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_groups"),
        sa.UniqueConstraint("tenant", "name", name="uq_groups_tenant"),
    )
    op.create_table(
        "group_members",
        sa.Column("person_id", sa.String(32), nullable=False),
        sa.Column("group_id", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("person_id", name="pk_group_members"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name="fk_group_members_person_id_people", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["group_id"], ["groups.id"], name="fk_group_members_group_id_groups"),
    )
    op.create_index("ix_group_members_group_id", "group_members", ["group_id"])


def downgrade() -> None:
    op.drop_table("group_members")
    op.drop_table("groups")
