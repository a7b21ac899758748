"""People who log in at an identity provider, and the logins that came back from it."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("people", sa.Column("issuer", sa.String(255), nullable=True))
    op.add_column("people", sa.Column("subject", sa.String(255), nullable=True))
    op.create_index("ix_people_issuer_subject", "people", ["issuer", "subject"], unique=True)
    op.create_table(
        "oidc_logins",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.String(32), nullable=True),
        sa.Column("authenticated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_oidc_logins"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name="fk_oidc_logins_person_id_people", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_oidc_logins_expires_at", "oidc_logins", ["expires_at"])


def downgrade() -> None:
    op.drop_table("oidc_logins")
    op.drop_index("ix_people_issuer_subject", "people")
    op.drop_column("people", "subject")
    op.drop_column("people", "issuer")
