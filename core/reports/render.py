"""A protocol in one of its forms: text, HTML or JSON. JSON keeps outside text as it was, escaped to ASCII. Pure."""

from __future__ import annotations

import json

from core.errors import UsageError
from core.reports.document import document
from core.reports.order import OrderProtocol
from core.reports.page import page
from core.reports.plain import plain
from core.reports.text import text

FORMATS = ("text", "html", "json")


def render(report: OrderProtocol, form: str) -> str:
    """UsageError for a form that does not exist."""
    if form == "text":
        return text(document(report))
    if form == "html":
        return page(f"Order {report.order}, {report.vin}", document(report))
    if form == "json":
        return json.dumps({"format": "passbay-report-1", **_content(report)}, indent=2, ensure_ascii=True) + "\n"
    raise UsageError(f"A report cannot be {form!r}.", f"Choose one of: {', '.join(FORMATS)}.")


def _content(report: OrderProtocol) -> dict[str, object]:
    """Each entry once; the others name it by its number."""
    content: dict[str, object] = plain(report)
    for name in ("before", "after"):
        entry = getattr(report, name)
        content[name] = entry.number if entry is not None else None
    content["measures"] = [entry.number for entry in report.measures]
    content["check"] = {**plain(report.check), "ok": report.check.ok}
    content["complete"] = report.complete
    return content
