"""Users."""

import sqlalchemy as sa
from alembic import op

revision = "000_identity"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("create schema identity")
    op.create_table(
        "users",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False),
        schema="identity",
    )


def downgrade() -> None:
    op.execute("drop schema identity cascade")
