"""What is read from the ledger: balances, whose a reservation is, whether all of it still holds. Changes no entry."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, func, select, update

from core.backend.ledger.book import MINUTES, read_head
from core.backend.ledger.chain import Entry
from core.backend.ledger.durations import CLOCK_DURATIONS
from core.backend.ledger.nouns import MINUTE, Head
from core.backend.store.tables import (
    accounts,
    clock_packages,
    entries,
    organisations,
    paid_time,
    reservations,
)
from core.vocabulary.online.paper import CreditBalance

_PAGE = 1000
Place = tuple[str, str]  # organisation, product group


def places_of(connection: Connection, organisation: str | None = None) -> list[Place]:
    """Every product group that an organisation has accounts for."""
    query = select(accounts.c.organisation_id, accounts.c.product_group).distinct()
    if organisation is not None:
        query = query.where(accounts.c.organisation_id == organisation)
    return sorted((row.organisation_id, row.product_group) for row in connection.execute(query))


def places_due(connection: Connection, now: int) -> list[Place]:
    """Where time alone has something to book: a reservation that timed out, credit under a contract that ended."""
    late = select(reservations.c.organisation_id, reservations.c.product_group).where(
        reservations.c.state == "open", reservations.c.expires <= now
    )
    lapsed = (
        select(accounts.c.organisation_id, accounts.c.product_group)
        .join(organisations, organisations.c.id == accounts.c.organisation_id)
        .where(organisations.c.contract_end <= now, accounts.c.kind == "purchased", accounts.c.balance > 0)
    )
    return sorted((row.organisation_id, row.product_group) for row in connection.execute(late.union(lapsed)))


def set_contract_end(connection: Connection, organisation: str, end: int) -> None:
    changed = update(organisations).where(organisations.c.id == organisation).values(contract_end=end)
    if connection.execute(changed).rowcount != 1:
        raise LookupError(f"no organisation {organisation!r}")


def balances(connection: Connection, organisation: str, now: int) -> tuple[CreditBalance, ...]:
    """As the next booking would find them: what timed out is back, what lapsed is gone."""
    query = select(organisations.c.contract_end).where(organisations.c.id == organisation)
    ends = connection.execute(query).scalar_one_or_none()
    over = ends is not None and ends <= now
    found: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    mine = accounts.c.organisation_id == organisation
    for row in connection.execute(select(accounts).where(mine).order_by(accounts.c.product_group)):
        found[row.product_group][row.unit, row.kind] = row.balance
    due, until = _due(connection, organisation, now), {} if over else _running(connection, organisation, now)
    return tuple(_balance(group, held, due.get(group, 0), until.get(group), over) for group, held in found.items())


def _due(connection: Connection, organisation: str, now: int) -> dict[str, int]:
    query = (
        select(reservations.c.product_group, func.sum(reservations.c.minutes).label("minutes"))
        .where(
            reservations.c.organisation_id == organisation,
            reservations.c.state == "open",
            reservations.c.expires <= now,
        )
        .group_by(reservations.c.product_group)
    )
    return {row.product_group: int(row.minutes) for row in connection.execute(query)}


def _running(connection: Connection, organisation: str, now: int) -> dict[str, int]:
    query = (
        select(clock_packages.c.product_group, func.max(clock_packages.c.until).label("until"))
        .where(
            clock_packages.c.organisation_id == organisation,
            clock_packages.c.until > now,
            clock_packages.c.ended.is_(None),
        )
        .group_by(clock_packages.c.product_group)
    )
    return {row.product_group: int(row.until) for row in connection.execute(query)}


def clock_runs(connection: Connection, organisation: str, group: str, now: int) -> bool:
    """Whether a package by the clock covers this moment: none does beyond the contract's end."""
    query = select(organisations.c.contract_end).where(organisations.c.id == organisation)
    ends = connection.execute(query).scalar_one_or_none()
    return (ends is None or ends > now) and group in _running(connection, organisation, now)


def _balance(group: str, held: Counter[tuple[str, str]], due: int, until: int | None, over: bool) -> CreditBalance:
    minutes = held[MINUTES, "purchased"] + due + held[MINUTES, "owed"]
    unused = ((d, held[d.value, "purchased"]) for d in CLOCK_DURATIONS)
    return CreditBalance(
        group=group,
        minutes=0 if over else max(0, minutes),
        until=None if until is None else until / 1000,
        reserved=held[MINUTES, "reserved"] - due,
        ever=any(kind == "issued" for _, kind in held),
        unused=() if over else tuple((duration, count) for duration, count in unused if count),
        owed=max(0, -minutes),
    )


def is_behind(connection: Connection, seen: Head) -> bool:
    if seen.number == 0:
        return False
    known = connection.execute(select(entries.c.hash).where(entries.c.number == seen.number)).scalar_one_or_none()
    return known != seen.hash


def problems(connection: Connection) -> list[str]:
    """Every entry read again in order; the sums that they give are held against accounts, head and reservations."""
    found: list[str] = []
    sums: Counter[tuple[str, str, str, str]] = Counter()
    last = Head(0, "")
    for entry, stored in _entries(connection):
        if entry.number != last.number + 1 or entry.previous != last.hash:
            found.append(f"entry {entry.number} does not follow entry {last.number}")
        if entry.hash != stored:
            found.append(f"entry {entry.number} was changed: its hash is another one")
        place = entry.organisation_id, entry.product_group, entry.unit
        sums[*place, entry.source] -= entry.amount
        sums[*place, entry.target] += entry.amount
        last = Head(entry.number, stored)
    if read_head(connection) != last:
        found.append(f"the head is not entry {last.number}")
    found += _account_problems(connection, sums) + _reservation_problems(connection, sums)
    return found + _clock_problems(connection) + _paid_problems(connection)


def _entries(connection: Connection) -> Iterator[tuple[Entry, str]]:
    """In pages: a ledger of years must not lie in memory at once."""
    last = 0
    while True:
        query = select(entries).where(entries.c.number > last).order_by(entries.c.number).limit(_PAGE)
        rows = connection.execute(query).all()
        for row in rows:
            values: dict[str, Any] = dict(row._mapping)
            stored = values.pop("hash")
            yield Entry(**values), stored
        if len(rows) < _PAGE:
            return
        last = rows[-1].number


def _account_problems(connection: Connection, sums: Counter[tuple[str, str, str, str]]) -> list[str]:
    held = Counter({tuple(row[:4]): row.balance for row in connection.execute(select(accounts))})
    idle = [n[:3] for n, amount in sums.items() if n[3] == "owed" and amount and sums[*n[:3], "purchased"] > 0]
    names = sorted(set(held) | set(sums))
    wrong = [n for n in names if held[n] != sums[n]]
    return [
        *(f"{'/'.join(place)} owes minutes although it has some" for place in idle),
        *(f"account {'/'.join(n)} holds {held[n]}, its entries give {sums[n]}" for n in wrong),
    ]


def _reservation_problems(connection: Connection, sums: Counter[tuple[str, str, str, str]]) -> list[str]:
    place = reservations.c.organisation_id, reservations.c.product_group
    query = select(*place, func.sum(reservations.c.minutes)).where(reservations.c.state == "open").group_by(*place)
    held = Counter({(row[0], row[1]): int(row[2]) for row in connection.execute(query)})
    booked = Counter({n[:2]: total for n, total in sums.items() if n[2:] == (MINUTES, "reserved")})
    names = sorted(set(held) | set(booked))
    return [
        f"open reservations of {'/'.join(n)} are {held[n]} minutes, the account holds {booked[n]}"
        for n in names
        if held[n] != booked[n]
    ]


def _clock_problems(connection: Connection) -> list[str]:
    """Each package that runs by the clock was begun by an entry, which is where its end stands in the chain."""
    begun = (entries.c.operation == "reserve") & (entries.c.target == "consumed")
    columns = entries.c.organisation_id, entries.c.product_group, entries.c.unit, entries.c.at, entries.c.until
    booked = {row[0]: tuple(row[1:]) for row in connection.execute(select(entries.c.number, *columns).where(begun))}
    packages = select(
        clock_packages.c.number,
        clock_packages.c.organisation_id,
        clock_packages.c.product_group,
        clock_packages.c.duration,
        clock_packages.c.begun,
        clock_packages.c.until,
    )
    held = {row[0]: tuple(row[1:]) for row in connection.execute(packages)}
    numbers = sorted(set(booked) | set(held))
    return [f"package {n} is not what its entry says" for n in numbers if booked.get(n) != held.get(n)]


def _paid_problems(connection: Connection) -> list[str]:
    """Nobody's time is paid further than to the end of a minute that was booked."""
    place = reservations.c.organisation_id, reservations.c.system, reservations.c.product_group
    booked = select(*place, func.max(reservations.c.closed)).where(reservations.c.posted > 0).group_by(*place)
    last = {tuple(row[:3]): row[3] for row in connection.execute(booked)}
    names = paid_time.c.organisation_id, paid_time.c.system, paid_time.c.product_group
    held = {tuple(row[:3]): row[3] for row in connection.execute(select(*names, paid_time.c.until))}
    return [
        f"the time of {'/'.join(name)} is paid further than it was booked"
        for name, until in sorted(held.items())
        if until > last.get(name, -MINUTE) + MINUTE
    ]
