"""Call recordings; it was never applied."""

import sqlalchemy as sa
from alembic import op

revision = "010_escalation_call_recording"
down_revision = "008_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema communications")
    op.create_table(
        "call_recordings",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("booking_id", sa.UUID(), sa.ForeignKey("core.bookings.id")),
        schema="communications",
    )


def downgrade() -> None:
    op.execute("drop schema communications cascade")
