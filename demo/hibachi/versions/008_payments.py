"""Payments."""

import sqlalchemy as sa
from alembic import op

revision = "008_payments"
down_revision = "006_roles"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catering_payments",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("booking_id", sa.UUID(), sa.ForeignKey("catering_bookings.id")),
        schema="public",
    )
    op.create_table(
        "payment_notifications",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("booking_id", sa.UUID(), sa.ForeignKey("catering_bookings.id")),
        schema="public",
    )


def downgrade() -> None:
    op.drop_table("payment_notifications", schema="public")
    op.drop_table("catering_payments", schema="public")
