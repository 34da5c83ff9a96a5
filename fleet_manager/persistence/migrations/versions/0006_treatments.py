"""Rooms that are disinfected, lamps, what was done in each treatment, and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LENGTHS = {"rooms": 100, "lamps": 80, "treatments": 20, "schedules": 20}


def upgrade() -> None:
    for table, length in _LENGTHS.items():
        op.create_table(
            table,
            sa.Column("id", sa.String(length), nullable=False),
            sa.Column("data", sa.Text(), nullable=False),
            sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        )


def downgrade() -> None:
    for table in reversed(_LENGTHS):
        op.drop_table(table)
