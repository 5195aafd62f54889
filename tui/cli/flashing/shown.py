"""What a flash, an order of several units and a dry run look like, for people and for scripts."""

from __future__ import annotations

from typing import Any

from core.errors import ProductError
from core.vocabulary import (
    FlashCheck,
    FlashOrderPreview,
    FlashOrderResult,
    FlashPreview,
    FlashResult,
    FlashUnitResult,
    TwinReport,
)
from tui.cli.output import Output
from tui.locale import _, said

GLYPHS = {True: "√", False: "x", None: "!"}


def show_flash_result(result: FlashResult, out: Output) -> None:
    """The last line of a flash, also of one that recovered a unit."""
    _result_lines(result, out)
    out.record(**_result_fields(result))


def show_order_result(result: FlashOrderResult, out: Output, error: ProductError | None = None) -> int:
    """One summary; 1 where a unit is not done: then `error` says so."""
    for unit in result.units:
        if unit.flash is not None:
            _result_lines(unit.flash, out)
        else:
            failed = _("FAILED") if unit.result == "failed" else _("NOT FLASHED")
            out.line(f"{unit.unit} {failed}: {said(unit.reason)}")
            now = unit.state_now and _("Now: {state}").format(state=said(unit.state_now))
            for told in (said(unit.explanation), now):
                if told:
                    out.line(f"  {told}")
            if unit.advice:
                out.line(f"  {said(unit.advice)}")
    for text in result.not_drivable:
        out.line(f"! {said(text)}")
    out.record(
        result=result.result,
        units=[_unit_fields(unit) for unit in result.units],
        seconds=round(result.seconds, 3),
        not_drivable=list(result.not_drivable),
        **(_error_fields(error) if error is not None else {}),
    )
    return 0 if error is None else 1


def show_preview(preview: FlashPreview, out: Output) -> int:
    """The dry run; 1 where a check is red or the twin refused it, so that a script sees it."""
    _preview_lines(preview, out)
    _twin_line(preview.twin, out)
    fields = _preview_fields(preview)
    out.record(**fields)
    return 1 if fields["result"] == "refused" else 0


def show_order_preview(preview: FlashOrderPreview, out: Output) -> int:
    """The dry run of an order."""
    for unit in preview.units:
        _preview_lines(unit, out)
        out.line()
    beside = _(" beside ")
    groups = _(", then ").join(beside.join(group) for group in preview.groups)
    out.line(_("order: {groups}").format(groups=groups or _("nothing is to be done")))
    for text in preview.warnings:
        out.line(f"! {said(text)}")
    _twin_line(preview.twin, out)
    units = [_preview_fields(unit) for unit in preview.units]
    kinds = {str(unit["result"]) for unit in units}
    failed = "refused" in kinds or (preview.twin is not None and not preview.twin.ok)
    out.record(
        result="refused" if failed else "ready" if "ready" in kinds else "up-to-date",
        units=units,
        groups=[list(group) for group in preview.groups],
        warnings=list(preview.warnings),
        twin=_twin_fields(preview.twin),
    )
    return 1 if failed else 0


def _result_lines(result: FlashResult, out: Output) -> None:
    if result.result == "up-to-date":
        out.line(
            _("{unit} already has software {software}: nothing was done.").format(
                unit=result.unit, software=result.software_after
            )
        )
        out.line(_("Use --force to flash it all the same."))
    else:
        out.line(
            _("{unit} flashed: {change}, {bytes} bytes in {seconds} s ({rate} kB/s), read back and verified.").format(
                unit=result.unit,
                change=f"{result.software_before} -> {result.software_after}",
                bytes=result.bytes,
                seconds=f"{result.seconds:.1f}",
                rate=f"{result.bytes_per_second / 1000:.1f}",
            )
        )


def _result_fields(result: FlashResult) -> dict[str, Any]:
    return {
        "unit": result.unit,
        "result": result.result,
        "flashware": result.flashware,
        "bytes": result.bytes,
        "seconds": round(result.seconds, 3),
        "bytes_per_second": round(result.bytes_per_second, 1),
        "sha256": result.sha256,
        "software_before": result.software_before,
        "software_after": result.software_after,
        "retries": result.retries,
        "pending_responses": result.pending_responses,
    }


def _error_fields(error: ProductError) -> dict[str, Any]:
    return {"error": error.name, "code": error.code, "message": error.message, "advice": error.advice}


def _unit_fields(unit: FlashUnitResult) -> dict[str, Any]:
    if unit.flash is not None:
        return _result_fields(unit.flash)
    fields: dict[str, Any] = {"unit": unit.unit, "result": unit.result, "message": unit.reason}
    if unit.error:
        fields |= {"error": unit.error, "code": unit.code, "advice": unit.advice, "erased": unit.erased}
        fields |= {"explanation": unit.explanation, "state_now": unit.state_now}
    return fields


def _preview_lines(preview: FlashPreview, out: Output) -> None:
    count = _("{count} bytes").format(count=preview.bytes)
    out.line(f"{preview.unit}: {preview.software_before} -> {preview.software_after}, {count}")
    out.line(_("from {file}, session {session}").format(file=preview.file, session=preview.flashware))
    for check in preview.checks:
        reason = f"  {said(check.reason)}" if check.reason else ""
        wanted = _("wanted {wanted}").format(wanted=said(check.wanted))
        out.line(f"  {GLYPHS[check.ok]} {said(check.name)}: {said(check.measured)} ({wanted}){reason}")
        if check.overridable:
            out.line("      " + _("--override {unit} goes on all the same.").format(unit=preview.unit))
    out.line(_("the plan:"))
    for text in preview.plan:
        out.line(f"     {said(text)}")
    out.line(_("the steps:"))
    for number, step in enumerate(preview.steps, 1):
        out.line(f"  {number:2d} {said(step)}")


def _preview_fields(preview: FlashPreview) -> dict[str, Any]:
    red = any(check.ok is False for check in preview.checks)
    refused = red or (preview.twin is not None and not preview.twin.ok)
    return {
        "unit": preview.unit,
        "result": "up-to-date" if preview.up_to_date else "refused" if refused else "ready",
        "flashware": preview.flashware,
        "file": preview.file,
        "bytes": preview.bytes,
        "sha256": preview.sha256,
        "software_before": preview.software_before,
        "software_after": preview.software_after,
        "checks": [_check_fields(check) for check in preview.checks],
        "steps": list(preview.steps),
        "plan": list(preview.plan),
        "twin": _twin_fields(preview.twin),
    }


def _check_fields(check: FlashCheck) -> dict[str, Any]:
    names = ("name", "ok", "measured", "wanted", "reason", "overridable", "advice")
    return {name: getattr(check, name) for name in names}


def _twin_line(twin: TwinReport | None, out: Output) -> None:
    if twin is not None:
        out.line(f"  {GLYPHS[twin.ok if twin.there else None]} {said(twin.words)}")


def _twin_fields(twin: TwinReport | None) -> dict[str, Any] | None:
    if twin is None:
        return None
    return {"there": twin.there, "ok": twin.ok, "words": twin.words, "seconds": round(twin.seconds, 3)}
