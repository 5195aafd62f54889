"""Requests made from the OpenAPI document and then spoilt; what comes back is held against the same document."""
