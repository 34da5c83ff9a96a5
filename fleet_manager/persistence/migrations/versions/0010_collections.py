"""The register of waste and linen that was collected."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "collections",
        sa.Column("id", sa.String(140), nullable=False),
        sa.Column("task", sa.String(20), nullable=False),
        sa.Column("collected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_collections"),
    )
    op.create_index("ix_collections_task", "collections", ["task"])
    op.create_index("ix_collections_collected_at", "collections", ["collected_at"])


def downgrade() -> None:
    op.drop_table("collections")
