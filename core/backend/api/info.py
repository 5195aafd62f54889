"""What the server tells of itself: health, time, maintenance, network rows, contacts, keys, metrics."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from core.backend.api.operation import Call, Operation
from core.backend.identity.people import setting
from core.backend.issuer import keys
from core.backend.store import tables as t
from core.online.wire import (
    Contact,
    Contacts,
    Health,
    IssuerKeys,
    Maintenance,
    MaintenanceWindow,
    Network,
    NetworkRow,
    ServerTime,
    decode,
)
from core.pc.version import product_version

if TYPE_CHECKING:
    from sqlalchemy import Connection

T = TypeVar("T")
NETWORK_SETTING, CONTACTS_SETTING = "network", "contacts"
ANNOUNCED_BEFORE = 14 * 24 * 3600 * 1000
_HOURS = "Monday to Friday 08:00-18:00"
_PURPOSES = (  # R6: what of the back end must be reachable, all through the one address of this server
    "StartKey and log-in",
    "Time credit",
    "Flash: permits of jobs",
    "Update Service: releases",
    "AddOn Center",
    "Workshop information and shop",
)


def health(call: Call) -> Health:
    """503 when the database does not answer: the process lives, but can serve nobody."""
    call.backend.read(lambda conn: setting(conn, NETWORK_SETTING))
    return Health("ok", product_version(), call.backend.config.embedded)


def server_time(call: Call) -> ServerTime:
    return ServerTime(call.now)


def maintenance(call: Call) -> Maintenance:
    def windows(conn: Connection) -> tuple[MaintenanceWindow, ...]:
        from sqlalchemy import select

        m = t.maintenance.c
        rows = conn.execute(
            select(t.maintenance)
            .where(m.ends > call.now, m.starts < call.now + ANNOUNCED_BEFORE)
            .order_by(m.starts)
            .limit(50)
        )
        return tuple(MaintenanceWindow(row.starts, row.ends, row.words) for row in rows)

    return Maintenance(call.backend.read(windows))


def network(call: Call) -> Network:
    """Rows of R6: those that the administrator has set, else this server for each purpose."""
    stored = call.backend.read(lambda conn: setting(conn, NETWORK_SETTING))
    if stored:
        return decode(Network, json.loads(stored))
    config = call.backend.config
    if config.embedded:
        return Network(())  # in process: no host and no port to open
    url = urlsplit(config.public_url)
    port = url.port or (443 if url.scheme == "https" else 80)
    return Network(tuple(NetworkRow(purpose, url.hostname or "", port, True) for purpose in _PURPOSES))


def contacts(call: Call) -> Contacts:
    """S2, S3: those that the administrator has set, else none: a made-up address helps nobody."""
    stored = call.backend.read(lambda conn: setting(conn, CONTACTS_SETTING))
    if stored:
        return decode(Contacts, json.loads(stored))
    if not call.backend.config.embedded:
        return Contacts(())
    return Contacts(
        (
            Contact("commercial", "customer-support@demo.invalid", _HOURS, "CET", ("German", "English")),
            Contact("technical", "help-desk@demo.invalid", _HOURS, "CET", ("German", "English")),
        )
    )


def issuer_keys(call: Call) -> IssuerKeys:
    found = call.backend.read(keys.published)
    if not found:
        call.backend.write(lambda conn: keys.signer(conn, call.now).keyid)
        found = call.backend.read(keys.published)
    return IssuerKeys(found)


def gauges(call: Call) -> dict[str, float]:
    def counts(conn: Connection) -> dict[str, float]:
        from sqlalchemy import func, select

        def number(table: object, *where: object) -> float:
            return float(conn.execute(select(func.count()).select_from(table).where(*where)).scalar_one())  # type: ignore[arg-type]

        return {
            "organisations": number(t.organisations),
            "systems": number(t.systems),
            "startkeys_valid": number(t.startkeys, t.startkeys.c.revoked.is_(None), t.startkeys.c.expires > call.now),
            "device_grants_waiting": number(
                t.device_grants, t.device_grants.c.state == "pending", t.device_grants.c.expires > call.now
            ),
            "reservations_open": number(t.reservations, t.reservations.c.state == "open"),
            "ledger_entries": float(conn.execute(select(t.ledger_head.c.number)).scalar() or 0),
        }

    return call.backend.read(counts)


OPERATIONS = (
    Operation("GET", "/health", health, "Whether this server can serve", Health),
    Operation("GET", "/api/v1/time", server_time, "The server's clock", ServerTime),
    Operation("GET", "/api/v1/maintenance", maintenance, "Announced and running maintenance", Maintenance),
    Operation("GET", "/api/v1/network", network, "Hosts and ports that must be reachable, by purpose", Network),
    Operation("GET", "/api/v1/contacts", contacts, "Whom to ask", Contacts),
    Operation("GET", "/api/v1/keys", issuer_keys, "The issuer's keys with their chain of rotation", IssuerKeys),
)
