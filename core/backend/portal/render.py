"""Templates to answers: jinja2 with autoescape, strict names, and headers that leave a browser no other source."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.backend.portal.language import LANGUAGES, page_language
from core.backend.portal.visit import Visit
from core.vocabulary.online.paper import Role

if TYPE_CHECKING:
    from jinja2 import Environment
    from starlette.responses import Response

HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "vary": "Accept-Language, Cookie",
}
_HERE = Path(__file__).parent
DONE = {  # what a page says after a form was done, in the page's language; the address holds the name, never a text
    "logged-out": "You are logged out.",
    "registered": "You are registered. The administrator of the back end confirms who you are first.",
    "member-registered": "You are registered. The administrator of your organisation lets you in.",
    "approved": "The log-in is approved. The device goes on by itself.",
    "denied": "The log-in is denied.",
    "requested": "The right is requested. Your organisation's administrator decides.",
    "password": "The password is changed.",
    "bought": "The credit is booked.",
    "decided": "The decision is stored.",
    "added": "The user is added.",
    "ordered": "The StartKey is issued. ConfigAssist downloads it by itself; here it is as a file, too.",
    "waiting": "The order is stored. It waits for the administrator of the back end.",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Page:
    template: str
    values: dict[str, Any] = field(default_factory=dict)
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """`session`: a token for the session's cookie; "-" takes the cookie away. `language`: chosen for this browser."""

    to: str
    session: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    name: str
    content: str


Answer = Page | Redirect | Download


@functools.cache
def _environment(language: str) -> Environment:
    """One for each language: a template is compiled with the functions that translate it."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    spoken = page_language(language)
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(spoken.catalogue, newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {"moment": spoken.moment, "price": spoken.price, "number": spoken.number, "said": spoken.said}
    made.globals |= {"language": spoken.code, "languages": LANGUAGES}
    return made


def render(visit: Visit, page: Page) -> Response:
    from starlette.responses import HTMLResponse

    values = {
        "visit": visit,
        "user": visit.session.user if visit.session else None,
        "form": visit.form,
        "csrf": visit.csrf,
        "done": DONE.get(visit.query.get("done", ""), ""),
        "Role": Role,
    }
    text = _environment(visit.language).get_template(page.template).render(values | page.values)
    return HTMLResponse(text, page.status, HEADERS | {"content-language": visit.language})


def download(answer: Download) -> Response:
    from starlette.responses import Response

    headers = HEADERS | {"content-disposition": f'attachment; filename="{answer.name}"'}
    return Response(answer.content, 200, headers, media_type="application/json")


def stylesheet() -> Response:
    from starlette.responses import Response

    css = (_HERE / "static" / "portal.css").read_text(encoding="utf-8")
    headers = {"cache-control": "max-age=3600", "x-content-type-options": "nosniff"}
    return Response(css, 200, headers, media_type="text/css")
