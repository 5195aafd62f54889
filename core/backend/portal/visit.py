"""One visit of a browser: who it is, what the form says, and the proof that the form was ours (CSRF). No page here."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.backend.api.problems import refusal
from core.backend.context import Backend
from core.backend.identity import sessions
from core.backend.identity.people import User
from core.backend.identity.sessions import Session
from core.backend.portal.language import chosen

if TYPE_CHECKING:
    from starlette.datastructures import FormData, UploadFile
    from starlette.requests import Request

MOST_FIELDS = 30
LARGEST_PART = 32 * 1024
_LINE_CONTROLS = {chr(n) for n in range(32)} - {"\t", "\n", "\r"} | {"\x7f"}


@dataclass(slots=True)
class Visit:
    """`session` is None for a visitor who is not logged in. `error` is shown at the top of the page, if any."""

    backend: Backend
    now: int
    address: str
    path: str
    query: dict[str, str]
    session: Session | None
    csrf: str
    language: str
    here: str  # the address that shows this page again
    form: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    error: str = ""
    advice: str = ""
    session_token: str = ""  # of the cookie that came

    @property
    def user(self) -> User:
        assert self.session is not None  # pages that need a log-in are not called without one
        return self.session.user


def cookie_names(backend: Backend) -> tuple[str, str, str]:
    """Of session, a visitor's forms and language. `__Host-` is honoured over TLS only (RFC 6265bis, section 4.1.3)."""
    prefix = "__Host-" if backend.config.tls else ""
    return f"{prefix}passbay", f"{prefix}passbay-form", f"{prefix}passbay-language"


async def open_visit(backend: Backend, request: Request, here: str) -> tuple[Visit, str]:
    """The visit, and the visitor's form cookie to be set ("" where there is one, or a session)."""
    from starlette.concurrency import run_in_threadpool

    names = cookie_names(backend)
    token, form_cookie, wish = (request.cookies.get(name, "")[:200] for name in names)
    session = await run_in_threadpool(sessions.find, backend, token)
    fresh = ""
    if session is not None:
        csrf = session.csrf
    else:
        if not form_cookie:
            form_cookie = fresh = secrets.token_urlsafe(24)
        csrf = await run_in_threadpool(sessions.form_mark, backend, form_cookie)
    query = {key: value for key, value in request.query_params.items() if _printable(value)}
    address = request.client.host if request.client else ""
    language = chosen(wish, request.headers.get("accept-language", ""))
    visit = Visit(
        backend, backend.now(), address, request.url.path, query, session, csrf, language, here, session_token=token
    )
    return visit, fresh


def _printable(value: str) -> bool:
    return not any(c in _LINE_CONTROLS or "\ud800" <= c <= "\udfff" for c in value)


async def read_form(visit: Visit, request: Request) -> None:
    """Fills `form` and `files`, or refuses: a strange site's form, control characters, too much of anything."""
    from starlette.exceptions import HTTPException
    from starlette.formparsers import MultiPartException

    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise refusal(403, "This form came from another site.", "Open the page here.", "csrf")
    try:
        async with request.form(max_files=1, max_fields=MOST_FIELDS, max_part_size=LARGEST_PART) as held:
            await _take(visit, held)
    except (MultiPartException, HTTPException, UnicodeDecodeError) as problem:
        raise refusal(422, "The form cannot be read.", "Open the page once more.", "form") from problem
    if not all(_printable(text) for pair in visit.form.items() for text in pair):
        visit.form.clear()
        raise refusal(422, "Control characters are not allowed.", "Type the text once more.", "form")
    if not sessions.same(visit.form.get("csrf", ""), visit.csrf):
        raise refusal(403, "This form is too old, or came from another site.", "Send the page below once more.", "csrf")


async def _take(visit: Visit, held: FormData) -> None:
    for name, value in held.multi_items():
        if isinstance(value, str):
            visit.form[name] = value
        else:
            visit.files[name] = await _content(value)


async def _content(upload: UploadFile) -> bytes:
    raw: Any = await upload.read(LARGEST_PART + 1)
    if len(raw) > LARGEST_PART:
        raise refusal(413, f"A file has {LARGEST_PART} bytes at most.", "Choose the exported device data.")
    return bytes(raw)
