"""The page for the network administrator: what must be open, what is not, in plain text to print. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.vocabulary.shop.check import NetworkRow, Verdict

_WIDTH = 78


def administrator_page(rows: Sequence[NetworkRow], pc: str, when: str) -> str:
    """`pc`: name of this PC, `when`: date and time with zone."""
    wanted = [row for row in rows if row.target.host]
    open_points = [row for row in wanted if row.verdict is not Verdict.OK]
    lines = [
        "Passbay: hosts and ports for the network administrator",
        "=" * _WIDTH,
        f"PC {pc}, {when}",
        "",
        "Outgoing connections that must be open in the local firewall and in the network:",
        "",
        f"{'purpose':<34} {'host':<30} {'port':>5}  result",
        "-" * _WIDTH,
    ]
    for row in wanted:
        target = row.target
        lines.append(f"{target.purpose[:34]:<34} {target.host[:30]:<30} {target.port:>5}  {row.verdict.value}")
    if not wanted:
        lines.append("None: the back end runs inside the program.")
    lines += ["", "To do:" if open_points else "Nothing is to be done."]
    for number, row in enumerate(open_points, 1):
        broken = next((step for step in row.steps if step.ok is False), row.steps[-1])
        lines.append(f"{number}. {row.target.host}:{row.target.port} ({row.target.purpose})")
        lines.append(f"   seen: {broken.name}: {broken.words}")
        lines.append(f"   {row.advice}")
    return "\n".join(lines) + "\n"
