"""Campaigns by text message."""

import sqlalchemy as sa
from alembic import op

revision = "004_campaigns"
down_revision = "003_social"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("channel", sa.Enum("EMAIL", "SMS", name="campaign_channel", schema="lead")),
        schema="lead",
    )
    op.create_table(
        "campaign_events",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("campaign_id", sa.UUID(), sa.ForeignKey("lead.campaigns.id")),
        schema="lead",
    )
    op.create_index(
        "ix_lead_campaign_events_campaign_id", "campaign_events", ["campaign_id"], schema="lead"
    )
    op.create_table(
        "sms_delivery_events",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("campaign_id", sa.UUID(), sa.ForeignKey("lead.campaigns.id")),
        sa.Column("cost", sa.Integer()),
        schema="lead",
    )
    op.create_index(
        "ix_lead_sms_delivery_events_campaign_id",
        "sms_delivery_events",
        ["campaign_id"],
        schema="lead",
    )


def downgrade() -> None:
    op.drop_table("sms_delivery_events", schema="lead")
    op.drop_table("campaign_events", schema="lead")
    op.drop_table("campaigns", schema="lead")
    op.execute("drop type lead.campaign_channel")
