"""A key of the issuer that was stolen."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("issuer_keys", sa.Column("distrusted", sa.BigInteger(), nullable=True))
