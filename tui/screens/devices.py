"""SelectPTDevice (C13): simulated vehicles, python-can interfaces with what they lack, DoIP only with discovery."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from textual.binding import Binding

from tui.locale import _, said
from tui.screens.base import Place
from tui.screens.dialogs import Ask, Fill, Tell
from tui.theme import GLYPHS
from tui.widgets.lines import Key, Lines
from tui.widgets.rows import Column, Row, RowList
from tui.wording import devices as words

if TYPE_CHECKING:
    from textual.widget import Widget

    from core.vocabulary import DeviceInfo, DeviceTrial, DoipEntity
    from tui.widgets.plain import Cell


class DevicesScreen(Place):
    PLACE = _("SelectPTDevice")
    KEYS: ClassVar[tuple[Key, ...]] = (
        ("enter", _("Use"), "use"), ("t", _("Test"), "test"), ("f5", _("Search again"), "again"),
        ("esc", _("Back"), "back"),
    )  # fmt: skip
    HELP = _(
        "Choose what connects this PC to the vehicle. Enter takes the marked line. Simulation needs no plug.\n"
        "t tests it: versions, abilities, volts, loop-back, latency, throughput. The result stays noted here.\n"
        "On CAN the test sends TesterPresent that wants no answer, some 220 times.\n"
        "CAN: enter lets you edit the address. A line with x names what is missing.\n"
        "DoIP only: vehicles that were heard stand below it; enter takes a host and port by hand.\n"
        "A DoIP-only device serves DoIP vehicles only. A device without DoIP cannot flash units behind DoIP."
    )
    BINDINGS: ClassVar = [
        Binding("f5", "again", _("Search devices again"), show=False),
        Binding("t", "test", _("Test the marked device"), show=False),
        Binding("r", "reset", _("Reset the simulated car to factory state"), show=False),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.listed: dict[str, DeviceInfo] = {}
        self.heard: tuple[DoipEntity, ...] | None = None
        self.searching = False
        self.testing = ""
        self.trials: dict[str, DeviceTrial] = {}
        self.port = "13400"

    def body(self) -> list[Widget]:
        columns = (Column("", 1), Column(_("Device"), 26, wide=40), Column(_("Verdict")), Column(_("Speaks"), 9))
        rows = RowList(columns, empty=_("No device found. f5 searches again."), id="devices", classes="box")
        rows.border_title = _("Devices")
        return [rows, Lines(("", "", "", ""), id="detail")]

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#devices").focus()
        desk = self.desk
        if desk is not None and desk.workbench is not None:
            self._note(desk.workbench.device_trials())
            self._take(desk.workbench.simulations())
        self.action_again()

    # -- searching

    def action_again(self) -> None:
        desk = self.desk
        if desk is None or desk.workbench is None or self.searching:
            return
        workbench, port = desk.workbench, int(self.port)
        self.searching = True
        self.show_desk()
        desk.errand(workbench.devices, self._found, lane="devices", failed=lambda _none: self._found([]))
        desk.errand(lambda: workbench.discover_doip(port=port), self._heard, lane="discovery",
                    failed=lambda _none: self._heard([]))  # fmt: skip

    def _take(self, found: list[DeviceInfo]) -> None:
        self.listed = {device.uri: device for device in found} or self.listed
        self.show_desk()

    def _found(self, found: list[DeviceInfo]) -> None:
        self.searching = False
        self._take(found)

    def _heard(self, heard: list[DoipEntity]) -> None:
        self.heard = tuple(heard)
        self.show_desk()

    # -- showing

    def _row(self, device: DeviceInfo) -> Row:
        tone = "ok" if device.usable else "bad"
        trial = self.trials.get(device.uri)
        speaks = " ".join(sorted(t.value for t in device.transports))
        verdict = said(device.verdict)
        if device.kind.value == "doip":
            tone = "dim" if device.usable else "bad"
            if device.usable:
                count = (
                    _("listening ...") if self.heard is None else _("{len} vehicles heard").format(len=len(self.heard))
                )
                verdict = f"UDP {self.port}, {count}"
        elif device.uri == self.testing:
            tone, verdict = "busy", _("testing ...")
        elif trial is not None and device.usable:
            tone, verdict = "bad" if trial.problem else "ok", words.verdict(trial)
        return Row(
            device.uri, ((GLYPHS[tone], tone), device.name, (verdict, "" if device.usable else "dim"), (speaks, "dim"))
        )

    def show_desk(self) -> None:
        desk = self.desk
        rows = [self._row(device) for device in self.listed.values() if device.usable]
        for entity in self.heard or ():
            told = f"VIN {entity.vin}, {words.entity_words(entity)}"
            rows.append(Row(entity_uri(entity), (("√", "ok"), f"  {entity.host}", told, ("DoIP", "dim"))))
        rows += [self._row(device) for device in self.listed.values() if not device.usable]
        if self.searching:
            rows.append(Row("searching", (("░", "busy"), (_("searching ..."), "dim"), "", ""), selectable=False))
        current = desk.uri if desk is not None else ""
        table = self.query_one("#devices", RowList)
        table.set_rows(rows, cursor=current if not table.key else None)
        self._show_detail(table.key)

    def on_row_list_moved(self, event: RowList.Moved) -> None:
        self._show_detail(event.key)

    def _show_detail(self, key: str) -> None:
        device, trial = self.listed.get(key), self.trials.get(key)
        desk = self.desk
        chosen = desk is not None and desk.uri == key
        beyond = words.cannot(device) if device is not None and device.usable else ""
        advice = "" if device is None or device.usable else _("Install what is named, then f5 searches again.")
        if trial is not None and desk is not None:
            line = words.tested(trial, desk.day_words(trial.at))
            second: Cell = ((_(" Tested   "), "dim"), (line, "bad" if trial.problem else ""))
            advice = advice or said(trial.advice or next(iter(trial.limits), ""))
        else:
            second = ((_(" Detail   "), "dim"), (self._detail(key, device), ""))
        self.query_one("#detail", Lines).show(
            ((_(" Address  "), "dim"), (key, ""), (_("   chosen now") if chosen else "", "ok")),
            second,
            ((_(" Not with "), "dim"), (beyond or "-", "dim")),
            (f" {advice or _('Plug in, ignition on. Only one program may use the device at a time.')}", "dim"),
        )

    def _detail(self, key: str, device: DeviceInfo | None) -> str:
        if device is not None:
            return device.detail or "-"
        entity = next((each for each in self.heard or () if entity_uri(each) == key), None)
        if entity is None:
            return "-"
        return _("EID {upper}, address {logical_address:04X}, {entity_words}").format(
            upper=entity.eid.hex().upper(),
            logical_address=entity.logical_address,
            entity_words=words.entity_words(entity),
        )

    # -- testing

    def _note(self, trials: tuple[DeviceTrial, ...]) -> None:
        self.trials = {trial.uri: trial for trial in reversed(trials)}

    def action_test(self) -> None:
        key, desk = self.query_one("#devices", RowList).key, self.desk
        if desk is None or desk.workbench is None or self.testing or not key or key == "searching":
            return
        if desk.vehicle is not None and desk.uri == key:
            self.passbay.toast(_("The device is in use: disconnect the vehicle first."), "warning")
            return
        workbench, self.testing = desk.workbench, key
        self.show_desk()
        desk.errand(lambda: workbench.test_device(key), self._tested, lane="trial", failed=lambda _none: self._ended())

    def _ended(self) -> None:
        self.testing = ""
        self.show_desk()

    def _tested(self, trial: DeviceTrial) -> None:
        self.trials[trial.uri] = trial
        self._ended()
        if self.app.screen is self:
            self.app.push_screen(Tell(_("Test of {name}").format(name=trial.name), words.trial_lines(trial)))

    # -- choosing

    def action_use(self) -> None:
        self.query_one("#devices", RowList).action_choose()

    def on_row_list_chosen(self, event: RowList.Chosen) -> None:
        device = self.listed.get(event.key)
        if device is None:
            self._use(event.key, f"DoIP {urlsplit(event.key).hostname or ''}")
        elif not device.usable and ("driver" in device.verdict or device.kind.value == "j2534"):
            self.passbay.toast(
                _("{name} cannot be used: {verdict}").format(name=device.name, verdict=said(device.verdict)), "warning"
            )
        elif device.kind.value == "doip":
            self._ask_doip(event.key)
        elif device.kind.value == "can":
            note = _("Interface, channel and bit rate; further parameters go to the driver.")
            self.app.push_screen(
                Fill(_("CAN device"), [("uri", _("Address"), device.uri)], note),
                lambda values: self._use((values or {}).get("uri", ""), device.name),
            )
        else:
            self._use(device.uri, device.name if device.kind.value == "j2534" else _("Simulation - no VCI"))

    def _ask_doip(self, uri: str) -> None:
        heard = self.heard[0].host if self.heard else ""
        host = heard or urlsplit(uri).hostname or "127.0.0.1"

        def filled(values: dict[str, str] | None) -> None:
            if values is None or not values["host"]:
                return
            port = values["port"] or "13400"
            if not port.isdecimal() or not 0 < int(port) < 65536:
                self.passbay.toast(_("{port} is no port: 1 to 65535.").format(port=port), "warning")
                return
            self.port = port
            address = f"[{values['host']}]" if ":" in values["host"] else values["host"]
            self._use(
                f"doip://{address}:{port}",
                f"DoIP {values['host']}",
            )

        fields = [("host", _("Host or address"), host), ("port", _("Port"), self.port)]
        self.app.push_screen(
            Fill(_("DoIP only"), fields, _("The vehicle's gateway. Port 13400 unless told otherwise.")), filled
        )

    def _use(self, uri: str, name: str) -> None:
        desk = self.desk
        if not uri or desk is None:
            return
        if desk.busy:
            self.passbay.toast(_("A job is running: stop it with a before you change the device."), "warning")
            return
        desk.choose_device(uri, name)
        desk.note("ok", _("Device chosen: {uri}").format(uri=uri))
        self.passbay.back()

    def action_reset(self) -> None:
        key = self.query_one("#devices", RowList).key
        desk = self.desk
        if not key.startswith("sim:") or desk is None or desk.workbench is None:
            self.passbay.toast(_("Only a simulated car can be reset: mark one first."), "information")
            return
        workbench, name = desk.workbench, key[4:]

        def answered(yes: bool | None) -> None:
            if yes:
                desk.disconnect()
                desk.errand(lambda: workbench.reset_garage(name),
                            lambda _none: desk.tell("ok", done), lane="vehicle")  # fmt: skip

        done = _("{name} is as from the factory.").format(name=name)
        lines = [_("{name}: software, coding and fault memory go back to the factory state.").format(name=name)]
        self.app.push_screen(Ask(_("Reset the simulated car?"), lines, yes=_("Reset")), answered)


def entity_uri(entity: DoipEntity) -> str:
    """The `--vci` address of a DoIP entity that was heard."""
    host = f"[{entity.host}]" if ":" in entity.host else entity.host
    return f"doip://{host}:{entity.port}"
