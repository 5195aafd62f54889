"""The HTTP interface: operations as a table, one gate before all of them, OpenAPI made from the same table."""
