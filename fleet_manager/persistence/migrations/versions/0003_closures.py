"""Closures in place of closed lanes, which reopened within two minutes: what was closed opens with this version."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("closed_lanes")
    op.create_table(
        "closures",
        sa.Column("id", sa.String(20), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_closures"),
    )


def downgrade() -> None:
    op.drop_table("closures")
    op.create_table(
        "closed_lanes",
        sa.Column("lane", sa.String(240), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lane", name="pk_closed_lanes"),
    )
