"""Vehicle hosts as the workbench sees them: attach to the one that has the device, start one, list and stop them."""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import JobError, ProductError, VciBusy, VciLost, VciNotFound
from core.events import Event
from core.vocabulary import DeviceKind, HostInfo, Visitor
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.host.link import HostLink
    from core.host.registry import Entry, Registry
    from core.host.vehicle import HostedVehicle

HOST_MODULE = "core.workbench.host_process"
ATTEMPTS = 5
ENDING_SECONDS = 20.0
LOOK_SECONDS = 2.0
POLL = 0.02
_LONGEST_COMMAND = 120
_OURS = re.compile(rf"\bpid {os.getpid()}\b")
_HOST_HOLDER = re.compile(r"pid (\d+) \(passbay host ")


class Hosts:
    """All hosts of these paths. `grace`: seconds that a host waits for the next client when nothing runs in it."""

    def __init__(
        self, paths: WorkbenchPaths, publish: Callable[[Event], None],
        person: Callable[[], Visitor | None] = lambda: None,
    ) -> None:  # fmt: skip
        """`person`: who is logged in at this PC, told to those who watch."""
        self._person = person
        self.grace = 2.0
        self.visitor: Visitor | None = None  # who uses this process in a browser
        self._paths = paths
        self._publish = publish

    def running(self) -> list[HostInfo]:
        """Every host that runs, with its job."""
        return [self._look(entry) for entry in self._entries()]

    def open(self, uri: str, data_files: Sequence[Path], *, start: bool, idle: bool) -> HostedVehicle | None:
        """The vehicle in the host that has this device, else in a new host where `start`, else None.

        VciBusy where the device is taken otherwise, and with `idle` where somebody else drives or a job runs.
        """
        vehicle = self._connect(uri, data_files) if start else self._attach_to_device(uri, data_files)
        if vehicle is not None and idle:
            try:
                _refuse_if_taken(vehicle)
            except VciBusy:
                vehicle.close()
                raise
        return vehicle

    def _connect(self, uri: str, data_files: Sequence[Path]) -> HostedVehicle:
        problem: ProductError = VciLost("The vehicle host ended as soon as it was started.")
        for _ in range(ATTEMPTS):
            vehicle = self._attach_to_device(uri, data_files)
            if vehicle is not None:
                return vehicle
            try:
                self._spawn(uri, data_files)
            except VciBusy as error:
                if not self._another_is_opening(uri, error.holder):
                    raise
                problem = error  # another one was quicker: its host is ours too
        raise problem

    def _another_is_opening(self, uri: str, holder: str) -> bool:
        """Waits until the host that took the device is in the list, or gone; False where the holder is no host."""
        from core.host.registry import Entry, lives

        found = _HOST_HOLDER.match(holder)
        opening = Entry(uri, int(found[1]), "", time.time()) if found else None
        give_up = time.monotonic() + ENDING_SECONDS
        while not self._same_device(uri):
            if opening is None or time.monotonic() > give_up:
                return False
            if not lives(opening):
                break
            time.sleep(POLL)
        return True

    def _attach_to_device(self, uri: str, data_files: Sequence[Path]) -> HostedVehicle | None:
        """The vehicle in the host that has this device, None where no host has it.

        A host with other parameters or without these data files is asked to end where it is idle; VciBusy else.
        """
        wanted = {str(path.absolute()) for path in data_files}
        for entry in self._same_device(uri):
            if entry.ending:
                self._wait_for_end(entry)
            elif entry.uri == uri and wanted <= set(entry.data_files):
                vehicle = self._attach(entry, watch=False)
                if vehicle is not None:
                    return vehicle
                self._wait_for_end(entry)
            else:
                self._retire(entry)
        return None

    def attach(self, which: str | int, watch: bool) -> HostedVehicle:
        """By URI, device or process number. VciNotFound where no such host runs."""
        for entry in self._chosen(which):
            vehicle = self._attach(entry, watch=watch)
            if vehicle is not None:
                return vehicle
        raise _no_host(which)

    def stop(self, which: str | int) -> HostInfo:
        """Asks for the safe ending of what runs there, whoever drives; an idle host without clients ends.

        Returns what ran. VciNotFound, JobError where nothing runs and somebody is attached.
        """
        for entry in self._chosen(which):
            link = self._dial(entry)
            if link is None:
                continue
            try:
                info: HostInfo = link.call("info", seconds=LOOK_SECONDS)
                if not link.call("stop", seconds=LOOK_SECONDS) and not link.call("retire", seconds=LOOK_SECONDS):
                    raise JobError("No job is running there.", "Close the screens that are attached to end the host.")
            except TimeoutError:
                raise _silent(entry) from None
            finally:
                link.close()
            return info
        raise _no_host(which)

    # -- one host

    def _look(self, entry: Entry) -> HostInfo:
        info = HostInfo(entry.uri, entry.pid, entry.started, data_files=entry.data_files, answers=False)
        try:
            link = self._dial(entry)
            if link is not None:
                try:
                    info = link.call("info", seconds=LOOK_SECONDS)
                finally:
                    link.close()
        except (ProductError, TimeoutError):
            pass  # it is listed as one that does not answer
        return info

    def _attach(self, entry: Entry, *, watch: bool) -> HostedVehicle | None:
        """None where it is gone or ending."""
        from core.host.link import dial
        from core.host.vehicle import HostedVehicle

        link = dial(self._registry(), entry)
        if link is None:
            return None
        vehicle = HostedVehicle(link, self._publish)
        try:
            vehicle.attach(self._holder(), watch=watch, visitor=self.visitor or self._person())
        except VciLost:
            return None
        return vehicle

    def _holder(self) -> str:
        visitor = self.visitor
        if visitor is None:
            return _ourselves()
        place = f" of {visitor.organisation}" if visitor.organisation else ""
        return f"{visitor.name}{place} (browser, pid {os.getpid()})"

    def _dial(self, entry: Entry) -> HostLink | None:
        from core.host.link import dial

        link = dial(self._registry(), entry)
        if link is not None:
            link.start(lambda message: None, lambda reason: None)
        return link

    def _retire(self, entry: Entry) -> None:
        link = self._dial(entry)
        if link is not None:
            try:
                if not link.call("retire", seconds=LOOK_SECONDS):
                    raise _taken(link.call("info", seconds=LOOK_SECONDS))
            except TimeoutError:
                raise _silent(entry) from None
            except VciLost:
                pass  # it was ending already
            finally:
                link.close()
        self._wait_for_end(entry)

    def _wait_for_end(self, entry: Entry) -> None:
        from core.host.registry import wait_until_gone

        if not wait_until_gone(entry, ENDING_SECONDS):
            raise _silent(entry)
        self._registry().remove(entry)

    def _spawn(self, uri: str, data_files: Sequence[Path]) -> None:
        from core.host.spawn import spawn

        wish = {
            "uri": uri,
            "data_files": [str(path.absolute()) for path in data_files],
            "paths": [str(Path(root).absolute()) for root in astuple(self._paths)],
            "grace": self.grace,
        }
        spawn(HOST_MODULE, [json.dumps(wish)], self._paths.logs / "host.log", opens=_device_and_library(uri))

    # -- the list

    def _registry(self) -> Registry:
        from core.host.registry import Registry

        return Registry(self._paths.hosts)

    def _entries(self) -> list[Entry]:
        if not self._paths.hosts.is_dir():
            return []  # most commands never meet a host and load nothing of it
        return self._registry().entries()

    def _same_device(self, uri: str) -> list[Entry]:
        names = device_names(uri)
        return [entry for entry in self._entries() if names & device_names(entry.uri)]

    def _chosen(self, which: str | int) -> list[Entry]:
        text = str(which).strip()
        if text.isdecimal():
            return [entry for entry in self._entries() if entry.pid == int(text)]
        return self._same_device(text)


def device_names(uri: str) -> frozenset[str]:
    """What a URI takes hold of: two with a common name cannot be open at once. UsageError for a garbled URI."""
    from core.vci.uri import VciUri

    parsed = VciUri.parse(uri)
    if parsed.beside:
        alone = (uri.partition(",can:")[0], *(other.text for other in parsed.beside))
        return frozenset(name for each in alone for name in device_names(each))
    if parsed.kind is DeviceKind.SIMULATION:
        return frozenset({f"sim:{parsed.vehicle}"})
    if parsed.kind is DeviceKind.J2534:
        can = f"j2534:{parsed.device.casefold()} {parsed.options.get('device', '')}"
        return frozenset({can, f"doip:{parsed.doip_host}:{parsed.doip_port}" if parsed.doip_host else ""} - {""})
    can = f"can:{parsed.interface}/{parsed.channel} {parsed.options.get('port', '')}" if parsed.interface else ""
    doip = f"doip:{parsed.doip_host}:{parsed.doip_port}" if parsed.doip_host else ""
    return frozenset({can, doip} - {""})


def _device_and_library(uri: str) -> str:
    """The URI, for a J2534 device with the library behind it: it is the one that crashes."""
    from core.vci.uri import VciUri

    parsed = VciUri.parse(uri)
    if parsed.kind is not DeviceKind.J2534:
        return uri
    from core.vci.j2534.discovery import find

    try:
        return f"{uri} (library {parsed.options.get('library') or find(parsed.device).library})"
    except VciNotFound:
        return uri


def _refuse_if_taken(vehicle: HostedVehicle) -> None:
    """For who wants to start a job now: VciBusy where another one drives or a job runs."""
    job = vehicle.running
    if job is not None or not vehicle.driving:
        raise _taken(vehicle.host, f"{job.kind} {job.unit}".strip() if job is not None else "", vehicle.driver)


def _taken(info: HostInfo, runs: str = "", driver: str = "") -> VciBusy:
    runs = runs or (f"{info.job.kind} {info.job.unit}".strip() if info.job is not None else "")
    others = [who for who in (driver, info.driver) if who and not _OURS.search(who)]
    holder = others[0] if others else f"pid {info.pid} (passbay host {info.uri})"
    what = f": {runs} is running" if runs else ""
    advice = "`passbay jobs watch` shows it, `passbay jobs stop` ends it safely." if runs else ""
    return VciBusy(f"{info.uri} is in use by {holder}{what}.", advice, holder=holder)


def _silent(entry: Entry) -> VciBusy:
    holder = f"pid {entry.pid} (passbay host {entry.uri})"
    return VciBusy(f"The vehicle host {holder} does not answer.", holder=holder)


def _no_host(which: str | int) -> VciNotFound:
    return VciNotFound(f"No vehicle host runs for {which}.", "`passbay jobs list` shows those that run.")


def _ourselves() -> str:
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"
    return f"pid {os.getpid()} ({command[:_LONGEST_COMMAND]})"
