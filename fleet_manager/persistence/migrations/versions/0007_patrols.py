"""Places that are patrolled, and what people have to look at again after a screening."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_LENGTHS = {"checkpoints": 100, "cues": 120}


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
