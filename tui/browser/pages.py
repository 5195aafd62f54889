"""The pages of the door: log-in, waiting, the screens. All but the screens work without JavaScript. Pure."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

from core.errors import ProductError
from core.vocabulary import LoginPrompt
from tui.browser.entrance import LONGEST_NAME, Entry
from tui.browser.speech import Speech

HERE = Path(__file__).parent / "page"
LOOK_AGAIN = 3  # seconds after which a waiting page asks by itself
_STYLE = (
    "body{margin:0;background:#f4f6f8;color:#1b2733;font:17px/1.5 system-ui,sans-serif}"
    "main{max-width:34rem;margin:8vh auto;padding:2rem;background:#fff;border:1px solid #c6d0da;border-radius:6px}"
    "h1{margin-top:0;font-size:1.4rem}.code{font:700 2rem monospace;letter-spacing:.08em}"
    "button{font:inherit;padding:.5rem 1.2rem}input{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}"
    ".wrong{border-left:4px solid #b3261e;padding-left:.8rem}.small{color:#4b5b6b;font-size:.9rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_NONE = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
PLAIN_POLICY = f"{_NONE}; style-src 'sha256-{_STYLE_HASH}'"


def screens_policy(websocket: str) -> str:
    """Scripts are files of ours: inline code and eval are refused. Styles may be inline: xterm.js writes the colours of
    its cells so where a browser has no WebGL."""
    return f"{_NONE}; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src {websocket}"


def _plain(speech: Speech, title: str, body: str, *, again: bool = False) -> str:
    refresh = f'<meta http-equiv="refresh" content="{LOOK_AGAIN}">' if again else ""
    return (
        f'<!doctype html><html lang="{speech.language}"><head><meta charset="utf-8">{refresh}'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)} - Passbay</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body></html>"
    )


def _leave(words: str) -> str:
    return f'<form method="post" action="/log-out"><button>{escape(words)}</button></form>'


def login(speech: Speech, by_code: bool, told: str = "") -> str:
    """`told`: why the last visit is over."""
    _ = speech.text
    over = ""
    if told:
        over = f'<p class="wrong">{escape(_("The visit is over: {reason}.").format(reason=speech.said(told)))}</p>'
    if by_code:
        words = (
            f"<p>{escape(_('You will get a code. The technician at the PC lets you in by it.'))}</p>"
            f'<p><label>{escape(_("Your name"))}<input name="name" maxlength="{LONGEST_NAME}" required autofocus>'
            f"</label></p><button>{escape(_('Ask to be let in'))}</button>"
        )
    else:
        told_how = _(
            "Log in with your account at the back end that this PC works with. You will get a code to approve there; "
            "no password is typed here."
        )
        words = f"<p>{escape(told_how)}</p><button autofocus>{escape(_('Log in'))}</button>"
    form = f'<form method="post" action="/log-in">{words}</form>'
    return _plain(speech, _("Passbay in the browser"), over + form)


def approving(speech: Speech, prompt: LoginPrompt) -> str:
    """RFC 8628, section 3.3: code and address, and the address that holds the code already."""
    _ = speech.text
    address = prompt.verification_uri_complete or prompt.verification_uri
    link = escape(prompt.verification_uri)
    if address.startswith(("https://", "http://")):
        link = f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{link}</a>'
    warning = _("Approve it only if you began this log-in yourself, just now. This page goes on by itself.")
    body = (
        f"<p>{escape(_('Open this address, log in, and approve this code:'))}</p><p>{link}</p>"
        f'<p class="code">{escape(prompt.user_code)}</p><p class="small">{escape(warning)}</p>{_leave(_("Stop"))}'
    )
    return _plain(speech, _("Log in"), body, again=True)


def waiting(speech: Speech, entry: Entry) -> str:
    """By a code where nobody has a log-in; else the technician sees who it is."""
    _ = speech.text
    visit = entry.visit
    if visit.code:
        words = _("{name}, you are not let in yet. Tell the technician at the PC this code; he lets you in by it.")
    else:
        words = _("{name}, you are logged in. The technician at the PC has to let you in.")
    code = f'<p class="code">{escape(visit.code)}</p>' if visit.code else ""
    body = (
        f"<p>{escape(words.format(name=visit.name))}</p>{code}"
        f'<p class="small">{escape(_("This page goes on by itself."))}</p>{_leave(_("Leave"))}'
    )
    return _plain(speech, _("Please wait"), body, again=True)


def refused(speech: Speech, error: ProductError) -> str:
    _ = speech.text
    body = (
        f'<p class="wrong">{escape(error.code)} {escape(speech.said(error.message))}</p>'
        f'<p>{escape(speech.said(error.advice))}</p><p><a href="/">{escape(_("Try again"))}</a></p>'
    )
    return _plain(speech, _("This cannot be done now"), body)


def nothing(speech: Speech, words: str) -> str:
    """`words` in the visitor's language already, or of HTTP."""
    _ = speech.text
    link = f'<p><a href="/">{escape(_("Log in"))}</a></p>'
    return _plain(speech, _("Nothing here"), f"<p>{escape(words)}</p>{link}")


def screens(speech: Speech, title: str, websocket: str) -> str:
    """The terminal fills the window; textual.js finds it by its class and its data."""
    _ = speech.text
    closed = _("This window is closed. Work that was begun goes on at the PC.")
    never = _("No window was opened: the visit is over, or too many are open.")
    return (
        f'<!doctype html><html lang="{speech.language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<link rel="stylesheet" href="/static/xterm.css"><link rel="stylesheet" href="/static/door.css">'
        '<script src="/static/textual.js"></script><script src="/static/door.js"></script></head><body>'
        '<div class="sample">│─┌█░√ <b>Mm</b></div>'
        f'<div id="terminal" class="textual-terminal" data-session-websocket-url="{escape(websocket)}" '
        f'data-font-size="16"></div><div id="closed"><div><p id="why" data-never="{escape(never)}">{escape(closed)}</p>'
        f'<p><a href="/">{escape(_("Open it again"))}</a></p>{_leave(_("Log out"))}</div></div></body></html>'
    )
