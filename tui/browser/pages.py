"""The pages of the door: log-in, waiting, the screens. All but the screens work without JavaScript. Pure."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from pathlib import Path

from core.errors import ProductError
from core.vocabulary import LoginPrompt
from tui.browser.entrance import LONGEST_NAME, Entry

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
    """xterm.js writes style elements of its own; scripts are files of ours, inline code and eval are refused."""
    return f"{_NONE}; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; connect-src {websocket}"


def _plain(title: str, body: str, *, again: bool = False) -> str:
    refresh = f'<meta http-equiv="refresh" content="{LOOK_AGAIN}">' if again else ""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8">{refresh}'
        f'<meta name="viewport" content="width=device-width"><title>{title} - Passbay</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    )


def login(by_code: bool, told: str = "") -> str:
    """`told`: why the last visit is over."""
    over = f'<p class="wrong">The visit is over: {escape(told)}.</p>' if told else ""
    if by_code:
        words = (
            "<p>You will get a code. The technician at the PC lets you in by it.</p>"
            f'<p><label>Your name<input name="name" maxlength="{LONGEST_NAME}" required autofocus></label></p>'
            "<button>Ask to be let in</button>"
        )
    else:
        words = (
            "<p>Log in with your account at the back end that this PC works with. You will get a code to approve "
            "there; no password is typed here.</p><button autofocus>Log in</button>"
        )
    return _plain("Passbay in the browser", f'{over}<form method="post" action="/log-in">{words}</form>')


def approving(prompt: LoginPrompt) -> str:
    """RFC 8628, section 3.3: code and address, and the address that holds the code already."""
    address = prompt.verification_uri_complete or prompt.verification_uri
    link = (
        f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{escape(prompt.verification_uri)}</a>'
        if address.startswith(("https://", "http://"))
        else escape(address)
    )
    body = (
        f'<p>Open {link}, log in, and approve this code:</p><p class="code">{escape(prompt.user_code)}</p>'
        '<p class="small">Approve it only if you began this log-in yourself, just now. This page goes on by itself.'
        "</p>"
        f"{_LEAVE.format('Stop')}"
    )
    return _plain("Log in", body, again=True)


def waiting(entry: Entry) -> str:
    who = f"{escape(entry.visit.name)}, you" if entry.visit.name else "You"
    body = (
        f"<p>{who} are not let in yet. Tell the technician at the PC this code; he lets you in on his screen Remote "
        f'assistance:</p><p class="code">{escape(entry.visit.code)}</p>'
        f'<p class="small">This page goes on by itself.</p>{_LEAVE.format("Leave")}'
    )
    return _plain("Please wait", body, again=True)


def refused(error: ProductError) -> str:
    body = (
        f'<p class="wrong">{escape(error.code)} {escape(error.message)}</p><p>{escape(error.advice)}</p>'
        '<p><a href="/">Try again</a></p>'
    )
    return _plain("This cannot be done now", body)


def nothing(words: str) -> str:
    return _plain("Nothing here", f'<p>{escape(words)}</p><p><a href="/">Log in</a></p>')


_LEAVE = '<form method="post" action="/log-out"><button>{}</button></form>'


def screens(title: str, websocket: str) -> str:
    """The terminal fills the window; textual.js finds it by its class and its data."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<link rel="stylesheet" href="/static/xterm.css"><link rel="stylesheet" href="/static/door.css">'
        '<script src="/static/textual.js"></script><script src="/static/door.js"></script></head><body>'
        '<div class="sample">│─┌█░√ <b>Mm</b></div>'
        f'<div id="terminal" class="textual-terminal" data-session-websocket-url="{escape(websocket)}" '
        'data-font-size="16"></div>'
        '<div id="closed"><div><p id="why">This window is closed. Work that was begun goes on at the PC.</p>'
        f'<p><a href="/">Open it again</a></p>{_LEAVE.format("Log out")}</div></div></body></html>'
    )
