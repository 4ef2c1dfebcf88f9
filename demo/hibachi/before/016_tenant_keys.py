"""Each campaign belongs to a business."""

import sqlalchemy as sa
from alembic import op

revision = "016_tenant_keys"
down_revision = "e8e33e1e5658"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "campaigns",
        sa.Column("business_id", sa.UUID(), sa.ForeignKey("public.businesses.id")),
        schema="lead",
    )


def downgrade() -> None:
    op.drop_column("campaigns", "business_id", schema="lead")
