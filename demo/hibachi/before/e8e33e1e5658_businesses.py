"""Businesses, for the white label."""

import sqlalchemy as sa
from alembic import op

revision = "e8e33e1e5658"
down_revision = "e636a2d56d82"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "businesses",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        schema="public",
    )


def downgrade() -> None:
    op.drop_table("businesses", schema="public")
