"""The portal's addresses, and the one way in: session, form, CSRF, page or redirect, errors where they belong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from core.backend.api.problems import refusal, status_of
from core.backend.context import Backend
from core.backend.identity import sessions
from core.backend.portal import account, doors, organisation, shop
from core.backend.portal.render import Answer, Download, Page, Redirect, download, render, stylesheet
from core.backend.portal.visit import Visit, cookie_names, open_visit, read_form
from core.errors import ProductError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

Handler = Callable[[Visit], Answer]
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Address:
    """`show` answers GET; `act` answers POST. `page`: where an error of `act` is shown, when it is not here."""

    path: str
    show: Handler | None = None
    act: Handler | None = None
    login: bool = True
    page: str = ""


ADDRESSES = (
    Address("/", doors.home, login=False),
    Address("/login", doors.login_page, doors.log_in, login=False),
    Address("/logout", None, doors.log_out, page="/account"),
    Address("/language", None, doors.choose_language, login=False, page="/"),
    Address("/register", doors.register_page, doors.register, login=False),
    Address("/device", doors.device_page, doors.decide_device),
    Address("/account", account.page, None),
    Address("/account/rights", None, account.request_right, page="/account"),
    Address("/account/password", None, account.change_password, page="/account"),
    Address("/account/systems", account.systems, None),
    Address("/account/systems/{hardware_id}/startkey", account.startkey_file, None),
    Address("/account/credit", shop.credit_page, shop.buy),
    Address("/order", shop.order_page, shop.order),
    Address("/organisation", organisation.page, None),
    Address("/organisation/users", None, organisation.add_user, page="/organisation"),
    Address("/organisation/user", None, organisation.act_on_user, page="/organisation"),
    Address("/organisation/buyers", None, organisation.choose_buyers, page="/organisation"),
    Address("/organisation/right", None, organisation.decide_right, page="/organisation"),
)


def portal_routes(backend: Backend) -> list[Any]:
    from starlette.routing import Route

    made = [_route(backend, address) for address in ADDRESSES]

    async def css(_: Request) -> Response:
        return stylesheet()

    return [*made, Route("/static/portal.css", css)]


def _route(backend: Backend, address: Address) -> Any:
    from starlette.routing import Route

    methods = [*(["GET"] if address.show else []), *(["POST"] if address.act else [])]

    async def endpoint(request: Request) -> Response:
        return await _visit(backend, address, request)

    return Route(address.path, endpoint, methods=methods)


async def _visit(backend: Backend, address: Address, request: Request) -> Response:
    here = _return_to(address, request)
    visit, form_cookie = await open_visit(backend, request, here)
    visit.query |= {name: str(value) for name, value in request.path_params.items()}
    if address.login and visit.session is None:
        answer: Answer = Redirect(f"/login?next={quote(here, safe='')}")
    else:
        answer = await _answer(address, visit, request)
    response = _response(visit, answer)
    _set_cookies(backend, visit, response, answer, form_cookie)
    return response


def _return_to(address: Address, request: Request) -> str:
    """Where to go after the log-in or another language; a form is not repeated."""
    if address.show is None:
        return address.page
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


async def _answer(address: Address, visit: Visit, request: Request) -> Answer:
    from starlette.concurrency import run_in_threadpool

    if request.method != "POST":
        handler = address.show
        assert handler is not None
        try:
            return await run_in_threadpool(handler, visit)
        except ProductError as error:
            return _problem(error)
    try:
        await read_form(visit, request)
        assert address.act is not None
        return await run_in_threadpool(address.act, visit)
    except ProductError as error:
        visit.error, visit.advice = error.message, error.advice
        return await run_in_threadpool(_shown_again, address, visit, error)


def _shown_again(address: Address, visit: Visit, error: ProductError) -> Answer:
    """The page that the form stands on, with the error above it."""
    show = address.show or next(a.show for a in ADDRESSES if a.path == address.page)
    assert show is not None
    try:
        again = show(visit)
    except ProductError:
        return _problem(error)
    if not isinstance(again, Page):
        return _problem(error)
    return Page(again.template, again.values, status_of(error))


def _problem(error: ProductError) -> Page:
    return Page("problem.html", {"error": error}, status_of(error))


def _response(visit: Visit, answer: Answer) -> Response:
    from starlette.responses import RedirectResponse

    if isinstance(answer, Redirect):
        if not answer.to.startswith("/") or answer.to.startswith("//"):
            raise refusal(500, "A redirect leaves this server.")
        return RedirectResponse(answer.to, 303, {"cache-control": "no-store"})
    return download(answer) if isinstance(answer, Download) else render(visit, answer)


def _set_cookies(backend: Backend, visit: Visit, response: Response, answer: Answer, form_cookie: str) -> None:
    session_name, form_name, language_name = cookie_names(backend)
    rules: dict[str, Any] = {"path": "/", "httponly": True, "samesite": "lax", "secure": backend.config.tls}
    if form_cookie:
        response.set_cookie(form_name, form_cookie, **rules)
    if isinstance(answer, Redirect) and answer.language:
        response.set_cookie(language_name, answer.language, max_age=_YEAR, **rules)
    if isinstance(answer, Redirect) and answer.session == "-":
        response.delete_cookie(session_name, **rules)
    elif isinstance(answer, Redirect) and answer.session:
        if visit.session_token:  # whatever session the browser came with ends: nobody else may have set it
            backend.write(lambda conn: sessions.end_token(conn, visit.session_token))
        response.set_cookie(session_name, answer.session, max_age=sessions.LONGEST // 1000, **rules)
