"""Maintenance windows, settings and the audit trail of a back end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.backend.admin.people import WHO, Row
from core.backend.api.info import CONTACTS_SETTING, NETWORK_SETTING
from core.backend.context import Backend, new_id
from core.backend.identity import people
from core.backend.identity.providers import PROVIDERS_SETTING, checked
from core.backend.identity.registration import REGISTRATION_SETTING
from core.backend.identity.rights import ACTIVATION_SETTING, MOST_ACTIVATION
from core.backend.issuer.startkeys import APPROVAL_SETTING, GROUPS_SETTING
from core.backend.store import tables as t
from core.errors import UsageError
from core.online.wire import Contacts, Network, WireError, decode, dumps, parse

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _minutes(value: str) -> str:
    if not value.isdigit() or int(value) > MOST_ACTIVATION:
        raise UsageError(f"A number of minutes from 0 to {MOST_ACTIVATION} is expected.")
    return str(int(value))


def _choice(*allowed: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in allowed:
            raise UsageError("One of these is expected: " + ", ".join(allowed))
        return value

    return check


def _groups(value: str) -> str:
    groups = [group.strip() for group in value.split(",") if group.strip()]
    if not groups:
        raise UsageError("Product groups are expected, with commas between them.")
    return json.dumps(groups)


def _rows(kind: type[Network] | type[Contacts]) -> Callable[[str], str]:
    def check(value: str) -> str:
        try:
            return dumps(decode(kind, {"rows": parse(value)})).decode("ascii")
        except WireError as problem:
            raise UsageError(f"A JSON list of rows is expected ({problem}).") from problem

    return check


SETTINGS: dict[str, tuple[str, str, Callable[[str], str]]] = {  # key -> default, words, check
    ACTIVATION_SETTING: ("0", "minutes that the activation of a right takes (L5), at most 240", _minutes),
    APPROVAL_SETTING: ("0", "1: each StartKey order waits for this administrator", _choice("0", "1")),
    REGISTRATION_SETTING: ("open", "who may register in the portal", _choice("open", "users", "closed")),
    GROUPS_SETTING: ("", "product groups that StartKeys cover, with commas", _groups),
    PROVIDERS_SETTING: ("", "JSON list of log-in providers {issuer, audience, keys, claim}", checked),
    NETWORK_SETTING: ("", "JSON list of {purpose, host, port, required}", _rows(Network)),
    CONTACTS_SETTING: ("", "JSON list of {kind, email, hours, zone, languages}", _rows(Contacts)),
}


class HouseDesk:
    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def maintenance(self) -> list[Row]:
        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            rows = conn.execute(select(t.maintenance).order_by(t.maintenance.c.starts))
            return [{"id": r.id, "starts": r.starts, "ends": r.ends, "words": r.words} for r in rows]

        return self._backend.read(look)

    def announce(self, starts: int, ends: int, words: str) -> Row:
        """A window that 2221-47 names while the server cannot be reached."""
        if ends <= starts:
            raise UsageError("Maintenance ends after it starts.")
        row = {"id": new_id(), "starts": starts, "ends": ends, "words": people.plain_line(words, "words", 500)}
        self._backend.write(lambda conn: conn.execute(t.maintenance.insert().values(**row)) and None)
        return row

    def cancel(self, window: str) -> Row:
        removed = self._backend.write(
            lambda conn: conn.execute(t.maintenance.delete().where(t.maintenance.c.id == window)).rowcount
        )
        return {"id": window, "removed": bool(removed)}

    def settings(self) -> list[Row]:
        def look(conn: Connection) -> list[Row]:
            return [
                {"key": key, "value": people.setting(conn, key, default), "meaning": words}
                for key, (default, words, _) in SETTINGS.items()
            ]

        return self._backend.read(look)

    def set(self, key: str, value: str) -> Row:
        if key not in SETTINGS:
            raise UsageError("There is no such setting; these are: " + ", ".join(SETTINGS))
        checked = SETTINGS[key][2](value) if value else ""
        now = self._backend.now()

        def work(conn: Connection) -> Row:
            people.set_setting(conn, key, checked or SETTINGS[key][0])
            people.note(conn, WHO, "setting changed", now, key=key)
            return {"key": key, "value": checked or SETTINGS[key][0]}

        return self._backend.write(work)

    def audit(self, limit: int) -> list[Row]:
        """Newest last."""

        def look(conn: Connection) -> list[Row]:
            from sqlalchemy import select

            rows = conn.execute(select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)).all()
            return [{"at": r.at, "who": r.who, "what": r.what, "detail": r.detail} for r in reversed(rows)]

        return self._backend.read(look)
