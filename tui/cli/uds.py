"""`passbay uds`: raw requests, answers as hex and in words; `passbay explain`: what a refusal means where."""

from __future__ import annotations

import re

import click

from core.errors import UsageError
from core.vocabulary import CanAddress, DoipAddress, EcuAddress
from core.workbench import open_workbench
from tui.cli.output import Output, address_fields, command, json_option
from tui.cli.running import wait_for
from tui.cli.vehicle import vehicle_options


class Number(click.ParamType[int]):
    """A number as 0x7e0, 7e0h is not taken: decimal or 0x only, within the field's range."""

    name = "number"

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            number = int(str(value), 0)
        except ValueError:
            self.fail(f"{value!r} is not a number like 0x7e0.", param, ctx)
        if not 0 <= number <= self.maximum:
            self.fail(f"{value!r} is not between 0 and 0x{self.maximum:x}.", param, ctx)
        return number


@click.command()
@vehicle_options
@click.option("--ecu", metavar="NAME", help="A unit that the vehicle data knows.")
@click.option("--tx", type=Number(0x1FFFFFFF), metavar="ID", help="CAN identifier of requests, with --rx.")
@click.option("--rx", type=Number(0x1FFFFFFF), metavar="ID", help="CAN identifier of answers, with --tx.")
@click.option("--address", type=Number(0xFFFF), metavar="LA", help="DoIP logical address.")
@click.argument("pdus", nargs=-1, required=True, metavar="HEXPDU...")
@json_option
@command
def uds(
    vci: str,
    data_files: tuple[str, ...],
    ecu: str | None,
    tx: int | None,
    rx: int | None,
    address: int | None,
    pdus: tuple[str, ...],
    out: Output,
) -> None:
    """Send requests one after another, e.g. `passbay uds --vci sim:car-mixed --ecu ENGINE 1003 22F190`."""
    target = _target(ecu, tx, rx, address)
    requests = [_pdu(text) for text in pdus]
    with open_workbench() as workbench, workbench.connect(vci, data_files, idle=True) as vehicle:
        result = wait_for(vehicle.uds(target, requests), workbench, out)
    for exchange in result.exchanges:
        out.line(f"> {exchange.request.hex(' ').upper()}   {exchange.request_words}")
        out.line(f"< {exchange.answer.hex(' ').upper()}   {exchange.words}")
        for name, value in exchange.decoded:
            out.line(f"    {name}: {value}")
    out.record(
        unit=result.unit,
        **address_fields(result.address),
        exchanges=[
            {
                "request": e.request,
                "answer": e.answer,
                "words": e.words,
                "negative": e.negative,
                "seconds": round(e.seconds, 6),
                "decoded": dict(e.decoded),
            }
            for e in result.exchanges
        ],
    )


@click.command()
@click.argument("what", metavar="CODE")
@click.option("--step", default="", metavar="STEP", help="Only in this step: erase, transfer, coding-write, ...")
@click.option("--sid", default="", metavar="SERVICE", help="Only where this service is used: 0x36 or TransferData.")
@json_option
@command
def explain(what: str, step: str, sid: str, out: Output) -> None:
    """What a negative response code, timer or DoIP code means in each step, how the unit is left, what to do.

    CODE is 0x31, 31, requestOutOfRange, N_Bs, P2*, routing:03, nack:06 or header:02. No vehicle is needed.
    """
    with open_workbench() as workbench:
        headline, steps = workbench.explain(what, step, sid)
    out.line(headline)
    for line in steps:
        told = line.explanation
        out.line()
        out.line(f"{line.title} ({line.step})")
        out.line(f"  {told.meaning}")
        out.line(f"  Now: {told.state_now}")
        out.line(f"  {told.what_to_do}")
    out.record(
        code=what,
        headline=headline,
        steps=[
            {
                "step": line.step,
                "title": line.title,
                "explanation": line.explanation.meaning,
                "state_now": line.explanation.state_now,
                "advice": line.explanation.what_to_do,
            }
            for line in steps
        ],
    )


def _target(ecu: str | None, tx: int | None, rx: int | None, address: int | None) -> str | EcuAddress:
    by_can = tx is not None or rx is not None
    if (ecu is not None) + by_can + (address is not None) != 1:
        raise UsageError("Name the unit in exactly one way.", "Use --ecu NAME, or --tx and --rx, or --address.")
    if ecu is not None:
        return ecu
    if address is not None:
        return DoipAddress(address)
    if tx is None or rx is None:
        raise UsageError("--tx and --rx go together.", "Give both identifiers, e.g. --tx 0x7e0 --rx 0x7e8.")
    return CanAddress(tx, rx, is_extended_id=max(tx, rx) > 0x7FF)


def _pdu(text: str) -> bytes:
    digits = re.sub(r"^0[xX]|[\s:_.-]", "", text)
    try:
        pdu = bytes.fromhex(digits)
    except ValueError:
        raise UsageError(f"{text!r} is not a request in hex.", "Write two digits a byte, e.g. 22F190.") from None
    if not pdu:
        raise UsageError("A request has at least one byte.", "Write two digits a byte, e.g. 22F190.")
    return pdu
