"""Up to when each system's time is paid, so that a permit inside a paid minute need not be taken on trust."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("reservations", sa.Column("begun", sa.BigInteger(), nullable=True))
    op.create_table(
        "paid_time",
        sa.Column("organisation_id", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=False),
        sa.Column("product_group", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisations.id"], name=op.f("fk_paid_time_organisation_id")),
        sa.PrimaryKeyConstraint("organisation_id", "system", "product_group", name=op.f("pk_paid_time")),
    )
