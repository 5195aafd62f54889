"""`passbay support`: help pages by name or code, contacts with their hours, the bundle for whoever helps (T6)."""

from __future__ import annotations

from pathlib import Path

import click

from core.vocabulary.cleaning import clean_lines
from core.vocabulary.saying import english
from core.workbench import open_workbench
from tui.cli.output import Output, command, json_option
from tui.locale import LANGUAGES, _, language, said, use


@click.group()
def support() -> None:
    """Help pages, contacts, and the bundle for whoever helps."""


@support.command()
@click.argument("name")
@click.option("--language", default=language, type=click.Choice(list(LANGUAGES)), help="Else the one of this command.")
@json_option
@command
def page(name: str, language: str, out: Output) -> None:
    """One page: a component (configassist) or a code (2221-47, PB-202, 0x31, routing-0x07)."""
    with open_workbench() as workbench:
        found = workbench.help_page(name, use(language), said)
    for line in clean_lines(found.text, 1 << 18).split("\n"):
        out.line(line)
    out.record(name=found.name, title=found.title, text=found.text)


@support.command()
@click.argument("words", nargs=-1)
@click.option("--language", default=language, type=click.Choice(list(LANGUAGES)), help="Else the one of this command.")
@json_option
@command
def search(words: tuple[str, ...], language: str, out: Output) -> int:
    """Pages that hold all WORDS; all pages without any. Exit code 1 where there is none."""
    with open_workbench() as workbench:
        pages = workbench.help_pages(" ".join(words), use(language), said)
    for found in pages:
        out.line(f"{found.name:<18} {found.title}")
    if not pages:
        out.line(_("No page holds these words."))
    out.record(pages=[{"name": found.name, "title": found.title} for found in pages])
    return int(not pages)


@support.command()
@json_option
@command
def contacts(out: Output) -> None:
    """Whom to ask what, and whether somebody is there now."""
    say = english if out.json else said  # scripts read the same in every language
    with open_workbench() as workbench:
        rows, nobody = workbench.contacts(say), workbench.not_supported(say)
        contract = workbench.paper.start_key().contract
    for row in rows:
        contact = row.contact
        out.line(f"{contact.kind} ({_('open now') if row.open_now else _('closed now')})")
        out.line(f"  {contact.questions}")
        address = contact.email or _("no address: the back end names none")
        out.line(f"  {address}; {row.words}; {', '.join(contact.languages)}")
    number = contract or _("none yet: it stands in the shop under My account > My systems")
    out.line(_("Contract (system) number: {number}").format(number=number))
    out.line(_("Not answered here:"))
    for line in nobody:
        out.line(f"  {line}")
    out.record(
        contacts=[
            {
                "kind": row.contact.kind, "questions": row.contact.questions, "email": row.contact.email,
                "open_now": row.open_now, "hours": row.words, "languages": row.contact.languages,
            }
            for row in rows
        ],
        contract=contract,
        not_supported=nobody,
    )  # fmt: skip


@support.command()
@click.option("--out", "path", type=click.Path(path_type=Path), help="File (.zip) or folder; else the data folder.")
@click.option("--vci", help="Also the last minutes of this vehicle's bus: attaches to its vehicle host.")
@click.option("--minutes", default=5.0, show_default=True, type=click.FloatRange(0.1, 720))
@click.option("--plain", is_flag=True, help="Mask nothing: VINs and names stay readable.")
@click.option("--dry-run", is_flag=True, help="Only show what would be in it.")
@json_option
@command
def bundle(path: Path | None, vci: str | None, minutes: float, plain: bool, dry_run: bool, out: Output) -> None:
    """One zip file for whoever helps: versions, settings, devices, journal, bus. VINs, names and keys are masked."""
    with open_workbench() as workbench:
        vehicle = workbench.attach(vci, watch=True) if vci else None
        draft = workbench.draft_bundle(vehicle, masked=not plain, minutes=minutes)
        preview = draft.preview()
        for item in preview.items:
            masked = _("{count} places masked").format(count=item.masked)
            out.line(f"{item.size:>9}  {item.name}  ({masked})")
        for sentence in preview.left_out:
            out.line(_("left out: {what}").format(what=said(sentence)))
        saved = "" if dry_run else str(workbench.save_bundle(draft, path))
    if saved:
        out.line(_("Saved: {file}").format(file=saved))
    out.record(
        path=saved, masked=preview.masked, left_out=preview.left_out,
        items=[{"name": item.name, "size": item.size, "masked": item.masked} for item in preview.items],
    )  # fmt: skip
