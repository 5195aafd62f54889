"""Why a job of the list is shown grey: what the papers on the desk lack for it. Only a hint: the core decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.vocabulary import AccountState, Activation, Role, StartKeyVerdict
from tui.locale import _

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
        return (
            (_("reading only"), _("The StartKey was long not checked online: reading only.")) if changing else NOTHING
        )
    if state is not None and not state.green:
        return _("no StartKey"), _("There is no valid StartKey.")
    if not papers.account.user:
        return _("log in first"), _("Nobody is logged in.")
    for role in (Role.STANDARD_DIAGNOSIS, Role.FLASH):
        if role not in papers.account.roles and (changing or role is Role.STANDARD_DIAGNOSIS):
            return _without_right(papers.account, role)
    if papers.out_of_credit:
        return _("no credit"), _("There is no credit for {product_group}.").format(product_group=papers.product_group)
    return NOTHING


def _without_right(account: AccountState, right: Role) -> tuple[str, str]:
    """L5: a right that was granted is there a while after the first log-in."""
    if account.activation is Activation.PENDING:
        return _("activating"), _("The rights of {user} are being activated.").format(user=account.user)
    lacks = (
        _("{user} lacks the right flash.") if right is Role.FLASH else _("{user} lacks the right standard diagnosis.")
    )
    return _("right missing"), lacks.format(user=account.user)
