"""Time credit as a double-entry ledger (manual G3, K1, K2, K4). Every charge once, whatever is repeated or killed."""

from core.backend.ledger.ledger import Ledger
from core.backend.ledger.nouns import Head, Receipt, Reservation

__all__ = ["Head", "Ledger", "Receipt", "Reservation"]
