"""The shop: order a StartKey with the exported device data, buy time credit."""

from __future__ import annotations

import re
import secrets

from core.backend.api.account import packages_of, purchase
from core.backend.api.operation import Call
from core.backend.api.problems import refusal
from core.backend.identity import rights
from core.backend.issuer import startkeys
from core.backend.portal.render import Answer, Page, Redirect
from core.backend.portal.visit import Visit
from core.online.wire import IDEMPOTENCY_KEY, BuyRequest, DeviceFile, WireError, decode, loads


def order_page(visit: Visit) -> Answer:
    return Page("order.html")


def order(visit: Visit) -> Answer:
    raw = visit.files.get("device", b"")
    if not raw:
        raise refusal(422, "No file was chosen.", "Choose the file that ConfigAssist has exported.", "file")
    try:
        device = loads(DeviceFile, raw).device
    except WireError as problem:
        raise refusal(
            422, "This is no device data file of Passbay.", "Export the device data once more.", "file"
        ) from problem
    name = visit.form.get("name", "")
    answer = visit.backend.write(lambda conn: startkeys.order(conn, visit.user, device, name, visit.now))
    return Redirect("/account/systems?done=" + ("ordered" if answer.state == "issued" else "waiting"))


def credit_page(visit: Visit) -> Answer:
    balances = visit.backend.ledger.balances(visit.user.organisation_id, visit.now)
    packages = visit.backend.read(packages_of)
    may_buy = visit.backend.read(lambda conn: rights.may_buy(conn, visit.user, visit.now))
    # the key is made with the page: a form that is sent twice buys once
    values = {"balances": balances, "packages": packages, "may_buy": may_buy, "key": secrets.token_hex(16)}
    return Page("credit.html", values)


def buy(visit: Visit) -> Answer:
    form = visit.form
    key = form.get("key", "")
    if not re.fullmatch(IDEMPOTENCY_KEY, key):
        raise refusal(422, "This form is not complete.", "Open the page once more.", "form")
    count = form.get("count", "1")
    try:
        whole = int(count) if count.isascii() and count.isdigit() and len(count) <= 4 else 0
        wish = decode(BuyRequest, {"package": form.get("package", ""), "count": whole})
    except WireError as problem:
        raise refusal(422, "A package and a count from 1 to 1000 are needed.", "Choose both.", "input") from problem
    purchase(Call(visit.backend, visit.now, visit.address), visit.user, wish, key)
    return Redirect("/account/credit?done=bought")
