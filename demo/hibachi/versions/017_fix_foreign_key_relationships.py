"""Keys between campaigns and what became of them."""

import sqlalchemy as sa
from alembic import op

revision = "017_fix_foreign_key_relationships"
down_revision = "016_tenant_keys"
branch_labels = None
depends_on = None

SCHEMA = "newsletter"
TABLES = ("campaigns", "campaign_events", "sms_tracking", "subscribers")


def upgrade() -> None:
    connection = op.get_bind()
    for table in TABLES:
        connection.execute(
            sa.text(f"alter table {SCHEMA}.{table} add column checked_at timestamptz")
        )


def downgrade() -> None:
    for table in TABLES:
        op.drop_column(table, "checked_at", schema=SCHEMA)
