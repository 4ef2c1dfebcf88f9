"""Social inbox."""

import sqlalchemy as sa
from alembic import op

revision = "003_social"
down_revision = "002_bookings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "social_accounts",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("handle", sa.Text()),
        schema="lead",
    )
    op.create_table(
        "social_threads",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("account_id", sa.UUID(), sa.ForeignKey("lead.social_accounts.id")),
        schema="lead",
    )
    op.create_index(
        "ix_lead_social_threads_account_id", "social_threads", ["account_id"], schema="lead"
    )


def downgrade() -> None:
    op.drop_table("social_threads", schema="lead")
    op.drop_table("social_accounts", schema="lead")
