"""How much each owner stores, and leases that no two clocks have to agree on."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    usage = op.create_table(
        "file_usage",
        sa.Column("owner", sa.String(255), nullable=False),
        sa.Column("files", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name="pk_file_usage"),
    )
    # Not `batch_alter_table`: on SQLite it drops the old table, and results of lines would be deleted along with it.
    op.add_column("batches", sa.Column("result_bytes", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("batches", sa.Column("lease_beats", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_column("batches", "lease_expires_at")
    _count(usage)


def _count(usage: sa.Table) -> None:
    """What is stored already."""
    connection = op.get_bind()
    files = connection.execute(sa.text("SELECT owner, count(*), sum(size) FROM files GROUP BY owner"))
    stored = {owner: (count, int(size)) for owner, count, size in files}
    length = "octet_length(result)" if connection.dialect.name == "postgresql" else "length(CAST(result AS BLOB))"
    results = connection.execute(
        sa.text(
            f"SELECT batches.id, owner, sum({length} + 1) FROM batches "
            "JOIN batch_items ON batch_items.batch_id = batches.id GROUP BY batches.id, owner"
        )
    )
    for batch_id, owner, size in results.all():
        connection.execute(
            sa.text("UPDATE batches SET result_bytes = :size WHERE id = :id"), {"size": int(size), "id": batch_id}
        )
        count, before = stored.get(owner, (0, 0))
        stored[owner] = (count, before + int(size))
    rows = [{"owner": owner, "files": count, "bytes": size} for owner, (count, size) in stored.items()]
    if rows:
        op.bulk_insert(usage, rows)


def downgrade() -> None:
    op.add_column("batches", sa.Column("lease_expires_at", sa.BigInteger(), nullable=False, server_default="0"))
    op.drop_column("batches", "lease_beats")
    op.drop_column("batches", "result_bytes")
    op.drop_table("file_usage")
