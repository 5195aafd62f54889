"""What all tables share: one metadata that names constraints, so that migrations can name them on both databases."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, **({"nullable": False} | options))


def moment(name: str, **options: Any) -> Column[int]:
    """Milliseconds since the epoch, UTC."""
    return Column(name, BigInteger, **({"nullable": False} | options))


def reference(name: str, to: str, **options: Any) -> Column[str]:
    return Column(name, Text, ForeignKey(to), **({"nullable": False} | options))
