"""Which units a command means: names, addresses, plans and images as options, put together to wishes. Reads no file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from core.errors import UsageError
from core.vocabulary import CanAddress, DoipAddress, EcuAddress, FlashWish, ReleasedPlan
from tui.locale import _


class Number(click.ParamType[int]):
    """Decimal or 0x..., within a range."""

    name = "number"

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            number = int(str(value), 0)
        except ValueError:
            self.fail(_("{value} is not a number like 0x7e0.").format(value=repr(value)), param, ctx)
        if not 0 <= number <= self.maximum:
            self.fail(
                _("{value} is not between 0 and {maximum}.").format(value=repr(value), maximum=hex(self.maximum)),
                param,
                ctx,
            )
        return number


def address_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--tx and --rx, or --address: a unit that no data name."""
    tx = click.option("--tx", type=Number(0x1FFFFFFF), metavar="ID", help="CAN identifier of requests, with --rx.")
    rx = click.option("--rx", type=Number(0x1FFFFFFF), metavar="ID", help="CAN identifier of answers, with --tx.")
    address = click.option("--address", type=Number(0xFFFF), metavar="LA", help="DoIP logical address.")
    return tx(rx(address(function)))


def address_of(tx: int | None, rx: int | None, address: int | None) -> EcuAddress | None:
    """The address that the options give, None for none. UsageError where they contradict each other."""
    if address is not None and (tx is not None or rx is not None):
        raise UsageError(_("Name the unit in exactly one way."), _("Use --tx and --rx, or --address."))
    if address is not None:
        return DoipAddress(address)
    if tx is None and rx is None:
        return None
    if tx is None or rx is None:
        raise UsageError(_("--tx and --rx go together."), _("Give both identifiers, e.g. --tx 0x7e0 --rx 0x7e8."))
    return CanAddress(tx, rx, is_extended_id=max(tx, rx) > 0x7FF)


def wishes_of(
    ecus: Sequence[str], place: EcuAddress | None, flashware: str | None, plans: Sequence[str], images: Sequence[str]
) -> list[FlashWish]:
    """One wish a unit. With one unit its plan may be meant for it; with several each plan says whose it is.

    UsageError for options that cannot be meant together.
    """
    if images and len(images) != len(plans):
        raise UsageError(
            _("{images} images and {plans} plans do not go together.").format(images=len(images), plans=len(plans)),
            _("Give one --plan for each --image."),
        )
    if flashware and (plans or len(ecus) + (place is not None) != 1):
        raise UsageError(
            _("--flashware goes with one --ecu and without --plan."), _("Give several units their own plans.")
        )
    if place is not None and (ecus or len(plans) > 1):
        raise UsageError(_("Name the unit in exactly one way."), _("Use --ecu NAME, or --tx and --rx, or --address."))
    files = [_reference(plan, images[at] if images else None) for at, plan in enumerate(plans)]
    if place is not None:
        return [FlashWish(place, flashware or (files[0] if files else None))]
    if len(ecus) <= 1 and len(files) <= 1 and (ecus or files):
        return [FlashWish(ecus[0] if ecus else "", flashware or (files[0] if files else None))]
    named = [FlashWish("", file) for file in files]
    if not (ecus or named):
        raise UsageError(_("No unit is named."), _("Use --ecu NAME, --all, --tx and --rx, --address, or --plan."))
    return [*(FlashWish(ecu) for ecu in ecus), *named]


def or_released(plans: Sequence[str], released: Callable[[], Sequence[ReleasedPlan]]) -> tuple[str, ...]:
    """A name that is no file here may be that of a plan of the active release."""
    names = [plan for plan in plans if Path(plan).name == plan and not Path(plan).exists()]
    files = {plan.name: plan.file for plan in released()} if names else {}
    return tuple(files.get(plan, plan) if plan in names else plan for plan in plans)


def _reference(plan: str, image: str | None) -> str:
    """PLAN#IMAGE with whole paths: the job may run in another process."""
    whole = str(Path(plan).absolute())
    if not whole.endswith(".toml"):
        raise UsageError(_("{plan} is no flash plan.").format(plan=plan), _("The name of a plan ends with .toml."))
    return f"{whole}#{Path(image).absolute()}" if image else whole
