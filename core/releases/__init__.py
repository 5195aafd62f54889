"""Releases and AddOns by The Update Framework: what is offered, fetched, installed and active. Publishes nothing."""
