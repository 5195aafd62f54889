"""Commands about what is kept of a vehicle: coding, history, reports."""
