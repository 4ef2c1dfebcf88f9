"""Businesses, for the white label."""

import sqlalchemy as sa
from alembic import op

revision = "e636a2d56d82"
down_revision = "008_payments"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "businesses",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        schema="public",
    )
    op.execute(
        """
        alter table newsletter.newsletter_subscribers
        add column business_id uuid references public.businesses (id)
        """
    )


def downgrade() -> None:
    op.drop_table("businesses", schema="public")
