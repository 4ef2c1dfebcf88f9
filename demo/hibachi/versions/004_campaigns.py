"""Campaigns by text message."""

import sqlalchemy as sa
from alembic import op

revision = "004_campaigns"
down_revision = "003_social"
branch_labels = None
depends_on = None

CHANNELS = ("EMAIL", "SMS", "PUSH", "WHATSAPP")
STATUSES = ("DRAFT", "SCHEDULED", "SENDING", "SENT")
EVENT_TYPES = ("SENT", "DELIVERED", "FAILED")
DELIVERY_STATUSES = ("QUEUED", "SENT", "DELIVERED", "FAILED")


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "channel", sa.Enum(*CHANNELS, name="campaign_channel", schema="lead"), nullable=False
        ),
        sa.Column(
            "status", sa.Enum(*STATUSES, name="campaign_status", schema="lead"), nullable=False
        ),
        sa.Column("scheduled_at", sa.DateTime(timezone=True)),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("sent_count", sa.Integer(), nullable=False),
        sa.Column("delivered_count", sa.Integer(), nullable=False),
        sa.Column("failed_count", sa.Integer(), nullable=False),
        sa.Column("spent_cents", sa.Integer(), nullable=False),
        schema="lead",
    )
    op.create_table(
        "campaign_events",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("campaign_id", sa.UUID(), sa.ForeignKey("lead.campaigns.id")),
        sa.Column(
            "subscriber_id", sa.UUID(), sa.ForeignKey("lead.subscribers.id", ondelete="SET NULL")
        ),
        sa.Column(
            "event_type",
            sa.Enum(*EVENT_TYPES, name="campaign_event_type", schema="lead"),
            nullable=False,
        ),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        schema="lead",
    )
    op.create_table(
        "sms_delivery_events",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("campaign_id", sa.UUID(), sa.ForeignKey("lead.campaigns.id")),
        sa.Column(
            "subscriber_id", sa.UUID(), sa.ForeignKey("lead.subscribers.id", ondelete="SET NULL")
        ),
        sa.Column("message_sid", sa.Text()),
        sa.Column(
            "status",
            sa.Enum(*DELIVERY_STATUSES, name="sms_delivery_status", schema="lead"),
            nullable=False,
        ),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("failed_at", sa.DateTime(timezone=True)),
        sa.Column("cost", sa.Integer()),
        schema="lead",
    )
    for table in ("campaign_events", "sms_delivery_events"):
        for column in ("campaign_id", "subscriber_id"):
            op.create_index(f"ix_lead_{table}_{column}", table, [column], schema="lead")


def downgrade() -> None:
    op.drop_table("sms_delivery_events", schema="lead")
    op.drop_table("campaign_events", schema="lead")
    op.drop_table("campaigns", schema="lead")
    op.execute(
        """
        drop type lead.campaign_channel, lead.campaign_status, lead.campaign_event_type,
            lead.sms_delivery_status
        """
    )
