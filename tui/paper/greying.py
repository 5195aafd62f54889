"""Why a job of the list is shown grey: what the papers on the desk lack for it. Only a hint: the core decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.vocabulary import AccountState, Activation, Role, StartKeyVerdict

if TYPE_CHECKING:
    from tui.paper.desk import Papers

CHANGING = ("flash", "coding")
"""Places whose jobs change the vehicle; they need the role flash (L2)."""
_DIAGNOSIS = ("vehicle", *CHANGING)


NOTHING = ("", "")


def lacking(papers: Papers, place: str) -> tuple[str, str]:
    """In a word for the list and in a sentence; two empty ones where nothing is known to be in the way."""
    if place not in _DIAGNOSIS or not papers.needed:
        return NOTHING
    state, changing = papers.start_key, place in CHANGING
    if state is not None and state.verdict is StartKeyVerdict.READ_ONLY:
        return ("reading only", "The StartKey was long not checked online: reading only.") if changing else NOTHING
    if state is not None and not state.green:
        return "no StartKey", "There is no valid StartKey."
    if not papers.account.user:
        return "log in first", "Nobody is logged in."
    for role, name in ((Role.STANDARD_DIAGNOSIS, "standard diagnosis"), (Role.FLASH, "flash")):
        if role not in papers.account.roles and (changing or role is Role.STANDARD_DIAGNOSIS):
            return _without_right(papers.account, name)
    if papers.out_of_credit:
        return "no credit", f"There is no credit for {papers.product_group}."
    return NOTHING


def _without_right(account: AccountState, right: str) -> tuple[str, str]:
    """L5: a right that was granted is there a while after the first log-in."""
    if account.activation is Activation.PENDING:
        return "activating", f"The rights of {account.user} are being activated."
    return "right missing", f"{account.user} lacks the right {right}."
