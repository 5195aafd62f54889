"""`passbay uds`: raw requests, answers as hex and in words; `passbay explain`: what a refusal means where."""

from __future__ import annotations

import re

import click

from core.errors import UsageError
from core.vocabulary import EcuAddress
from core.vocabulary.saying import english
from core.workbench import open_workbench
from tui.cli.flashing.units import address_of, address_options
from tui.cli.output import Output, address_fields, command, json_option
from tui.cli.running import wait_for
from tui.cli.vehicle import vehicle_options
from tui.locale import _, said


@click.command()
@vehicle_options
@click.option("--ecu", metavar="NAME", help="A unit that the vehicle data knows.")
@address_options
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
        out.line(f"> {exchange.request.hex(' ').upper()}   {said(exchange.request_words)}")
        out.line(f"< {exchange.answer.hex(' ').upper()}   {said(exchange.words)}")
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

    CODE is 0x31, 31, requestOutOfRange, N_Bs, P2*, routing:03, nack:06, header:02, or kwp:40 for one of KWP2000. No
    vehicle is needed.
    """
    say = english if out.json else said  # scripts read the same in every language
    with open_workbench() as workbench:
        headline, steps = workbench.explain(what, step, sid, say)
    out.line(headline)
    for line in steps:
        told = line.explanation
        out.line()
        out.line(f"{line.title} ({line.step})")
        out.line(f"  {told.meaning}")
        out.line(_("  Now: {state}").format(state=told.state_now))
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
    place = address_of(tx, rx, address)
    if ecu is not None and place is None:
        return ecu
    if ecu is None and place is not None:
        return place
    raise UsageError(_("Name the unit in exactly one way."), _("Use --ecu NAME, or --tx and --rx, or --address."))


def _pdu(text: str) -> bytes:
    digits = re.sub(r"^0[xX]|[\s:_.-]", "", text)
    try:
        pdu = bytes.fromhex(digits)
    except ValueError:
        raise UsageError(
            _("{text} is not a request in hex.").format(text=repr(text)), _("Write two digits a byte, e.g. 22F190.")
        ) from None
    if not pdu:
        raise UsageError(_("A request has at least one byte."), _("Write two digits a byte, e.g. 22F190."))
    return pdu
