"""Who is logged in on this PC: device grant, tokens and where they are kept, roles as last told."""

from core.licence.account.account import Account
from core.licence.account.polling import Polling
from core.licence.account.tokens import Secret, TokenStore

__all__ = ["Account", "Polling", "Secret", "TokenStore"]
