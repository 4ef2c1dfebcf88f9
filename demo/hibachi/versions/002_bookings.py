"""Bookings, and reminders of them."""

import sqlalchemy as sa
from alembic import op

revision = "002_bookings"
down_revision = "001_lead"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bookings",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("customer_id", sa.UUID(), sa.ForeignKey("core.customers.id")),
        sa.Column("sms_consent", sa.Boolean()),
        sa.Column("sms_consent_timestamp", sa.DateTime(timezone=True)),
        schema="core",
    )
    op.create_index("ix_core_bookings_customer_id", "bookings", ["customer_id"], schema="core")
    op.execute("create schema bookings")
    op.create_table(
        "booking_reminders",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("booking_id", sa.UUID(), sa.ForeignKey("bookings.id")),
        schema="bookings",
    )


def downgrade() -> None:
    op.execute("drop schema bookings cascade")
    op.drop_table("bookings", schema="core")
