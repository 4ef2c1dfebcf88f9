"""Leads and customers."""

import sqlalchemy as sa
from alembic import op

revision = "001_lead"
down_revision = "000_identity"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema lead")
    op.execute("create schema core")
    op.create_table(
        "customers",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("name", sa.Text()),
        schema="core",
    )
    op.create_table(
        "subscribers",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("customer_id", sa.UUID(), sa.ForeignKey("core.customers.id")),
        sa.Column("phone", sa.Text()),
        sa.Column("sms_subscribed", sa.Boolean(), nullable=False),
        sa.Column("sms_unsubscribed_at", sa.DateTime(timezone=True)),
        schema="lead",
    )
    op.create_index(
        "ix_lead_subscribers_customer_id", "subscribers", ["customer_id"], schema="lead"
    )


def downgrade() -> None:
    op.execute("drop schema lead cascade")
    op.execute("drop schema core cascade")
