"""Roles, permissions and the audit log."""

import sqlalchemy as sa
from alembic import op

revision = "006_roles"
down_revision = "004_campaigns"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        create table identity.roles (id uuid primary key, name text not null);
        create table identity.permissions (id uuid primary key, name text not null);
        """
    )
    op.create_table(
        "station_users",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("user_id", sa.UUID(), sa.ForeignKey("users.id")),
        schema="identity",
    )
    op.execute("create schema support")
    op.create_table(
        "audit_logs",
        sa.Column("id", sa.UUID(), primary_key=True),
        sa.Column("user_id", sa.UUID(), sa.ForeignKey("users.id")),
        schema="support",
    )


def downgrade() -> None:
    op.execute("drop schema support cascade")
    op.drop_table("station_users", schema="identity")
    op.execute("drop table identity.permissions, identity.roles")
