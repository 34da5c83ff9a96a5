"""What is remembered of doors and lifts; sessions get an expiry and a fencing number."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_LONG_AGO = "2000-01-01T00:00:00Z"


def upgrade() -> None:
    devices = op.create_table(
        "devices",
        sa.Column("id", sa.String(100), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    sessions = sa.table("device_sessions", sa.column("id", sa.String), sa.column("data", sa.Text))
    connection = op.get_bind()
    newest: dict[str, int] = {}
    for row in connection.execute(sa.select(sessions.c.id, sessions.c.data).order_by(sessions.c.id)).all():
        session = json.loads(row.data)
        number = newest[session["device"]] = newest.get(session["device"], 0) + 1
        data = json.dumps(session | {"expires": _LONG_AGO, "fencing": number})
        connection.execute(sa.update(sessions).where(sessions.c.id == row.id).values(data=data))
    for device, number in newest.items():
        connection.execute(sa.insert(devices).values(id=device, data=json.dumps({"id": device, "fencing": number})))


def downgrade() -> None:
    op.drop_table("devices")
