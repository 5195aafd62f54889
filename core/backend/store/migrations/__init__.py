"""The migrations of the schema, run by alembic in order; none is changed once it was released."""
