"""Who stands behind a social account."""

import sqlalchemy as sa
from alembic import op

revision = "016_add_social_account_identity"
down_revision = "017_fix_foreign_key_relationships"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "social_identities",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("account_id", sa.UUID(), sa.ForeignKey("lead.social_accounts.id")),
        schema="lead",
    )


def downgrade() -> None:
    op.drop_table("social_identities", schema="lead")
