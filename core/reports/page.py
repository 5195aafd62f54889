"""A document as one HTML file that asks for nothing else: no link, script, picture or font. Decides no content.

Elements are built by `_tag`, which escapes every text that is no Markup: nothing that a unit sent becomes an element.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from core.reports.document import Block, Facts, Heading, Paragraph, Table
from core.vocabulary.cleaning import clean

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Should an escape ever be forgotten: the page may still load nothing and run nothing."""
_STYLE = """
body{font:14px/1.45 sans-serif;color:#111;background:#fff;max-width:70em;margin:2em auto;padding:0 1em}
h1{font-size:1.6em}h2{font-size:1.25em;border-bottom:1px solid #999;margin-top:2em}h3{margin-bottom:.2em}
table{border-collapse:collapse;margin:.6em 0;max-width:100%}
th,td{border:1px solid #bbb;padding:.2em .5em;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#eee}dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em}dt{color:#555}dd{margin:0;
overflow-wrap:anywhere}.good::before{content:"\\2713 ";color:#060}.bad{background:#fdd;padding:.3em .5em}
.bad::before{content:"! ";font-weight:bold}@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}
tr{break-inside:avoid}}
"""


class Markup(str):
    """HTML that is ready: made by `_tag` or written here."""

    __slots__ = ()


def page(title: str, blocks: Sequence[Block]) -> str:
    """The whole file, ASCII-safe in UTF-8."""
    body = "\n".join(part for block in blocks for part in _parts(block))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"{_tag('title', title)}\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _tag(name: str, *content: str, style: str = "") -> Markup:
    inner = "".join(part if isinstance(part, Markup) else html.escape(clean(part)) for part in content)
    kind = f' class="{style}"' if style else ""
    return Markup(f"<{name}{kind}>{inner}</{name}>")


def _parts(block: Block) -> Iterable[Markup]:
    match block:
        case Heading(text=title, level=level):
            yield _tag(f"h{level}", title)
        case Paragraph(text=words, mood=mood):
            yield _tag("p", words, style=mood)
        case Facts(rows=rows):
            yield _tag("dl", *(tag for name, value in rows if value for tag in (_tag("dt", name), _tag("dd", value))))
        case Table(header=header, rows=rows):
            head = _tag("tr", *(_tag("th", cell) for cell in header))
            lines = (_tag("tr", *(_tag("td", cell) for cell in row)) for row in rows)
            yield _tag("table", _tag("thead", head), _tag("tbody", *lines))
