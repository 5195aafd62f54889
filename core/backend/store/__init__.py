"""The back end's database: transactions, schema and migrations on SQLite and PostgreSQL. Knows no rule of the paper.

Imports SQLAlchemy: import it inside the function that opens a back end.
"""

from core.backend.store.store import Store, open_store

__all__ = ["Store", "open_store"]
