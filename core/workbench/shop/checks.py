"""The PC check (R1-R5) and the hosts and ports check (R6), with the facts that only the whole product knows."""

from __future__ import annotations

import platform
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.errors import BackendError, ProductError
from core.settings import Settings
from core.vocabulary import DeviceInfo, DeviceKind
from core.workbench.paths import WorkbenchPaths

if TYPE_CHECKING:
    from core.vocabulary.shop.check import NetworkRow, NetworkTarget, RequirementRow
    from core.workbench.paper import Paper

T = TypeVar("T")
PROFILE = "light"
ASK_SECONDS = 4.0
"""How long a check waits for what the back end has to say to it."""
_POLL = 0.05
_MULTICAST = "can:udp_multicast/"


class ShopPc(ABC):
    """What Workbench inherits. Methods may block: call them from a worker thread."""

    paths: WorkbenchPaths
    settings: Settings
    paper: Paper

    @abstractmethod
    def devices(self) -> list[DeviceInfo]: ...

    def keep_crash(self, error: BaseException) -> Path:
        """The report of a program that ends by a fault of ours: places in the code, no values. StorageFailed."""
        from core.pc.crash import keep_crash
        from core.pc.version import product_version

        return keep_crash(self.paths.crashes, error, product_version())

    @staticmethod
    def pc_profiles() -> tuple[str, ...]:
        """Names of the profiles; the first is Passbay's own."""
        from core.pc.requirements import profile_names

        return profile_names()

    def check_pc(self, profile: str = PROFILE) -> tuple[RequirementRow, ...]:
        """Every requirement of the profile with value, limit, verdict and advice. UsageError for an unknown profile."""
        from core.pc.requirements import judge, read_facts
        from core.pc.requirements import profile as named

        wanted = named(profile)
        ways = sum(d.usable and _leads_to_a_vehicle(d) for d in self.devices())
        state = self._asked(self.paper.backend_state) if self.settings.backend.url else None
        difference = state.clock_difference if state is not None else None
        return judge(read_facts(self.paths.data, devices=ways, clock_difference=difference), wanted)

    def network_targets(self) -> tuple[NetworkTarget, ...]:
        """What the configured back end says that it needs; its own address where it cannot be asked."""
        from core.pc.network.targets import default_targets
        from core.vocabulary.shop.check import NetworkTarget

        url = self.settings.backend.url
        if not url:
            return default_targets("")  # embedded: asking it would only cost its start
        default = default_targets(url)
        try:
            told = self.paper.licence.desk.client().network().rows
        except BackendError:
            return default  # it cannot be asked: the check will say why
        web = default[0].protocol
        rows = [(row, "http" if row.port == 80 else web) for row in told]
        return tuple(NetworkTarget(r.purpose, r.host, r.port, protocol, r.required) for r, protocol in rows) or default

    def check_network(
        self, targets: Sequence[NetworkTarget] | None = None, *, deadline: float = 20.0,
        stop: threading.Event | None = None, told: Callable[[NetworkRow], None] | None = None,
    ) -> tuple[NetworkRow, ...]:  # fmt: skip
        """One row a target within `deadline` seconds; `told` gets each when it is ready, `stop` ends it early."""
        from core.pc.network import check_targets
        from core.pc.network.targets import default_targets

        start = time.monotonic()
        if targets is None:  # the back end may be the very host that cannot be found
            told_by_it = self._asked(self.network_targets, min(ASK_SECONDS, deadline / 4), stop)
            targets = told_by_it or default_targets(self.settings.backend.url)
        left = max(deadline - (time.monotonic() - start), 0.0)
        return check_targets(targets, deadline=left, ca_file=self.settings.backend.ca_file, stop=stop, told=told)

    @staticmethod
    def _asked(ask: Callable[[], T], seconds: float = ASK_SECONDS, stop: threading.Event | None = None) -> T | None:
        """The back end's answer, None where it comes later: a name server that hangs heeds no time-out of HTTP."""
        answers: list[T] = []
        faults: list[ProductError] = []
        done = threading.Event()

        def run() -> None:
            try:
                answers.append(ask())
            except ProductError as fault:
                faults.append(fault)
            finally:
                done.set()

        threading.Thread(target=run, name="back-end", daemon=True).start()
        end = time.monotonic() + seconds
        while not done.wait(_POLL) and time.monotonic() < end and not (stop is not None and stop.is_set()):
            pass
        if faults:
            raise faults[0]
        return answers[0] if answers else None

    @staticmethod
    def network_page(rows: Sequence[NetworkRow]) -> str:
        """The page to print for the network administrator."""
        from core.pc.network import administrator_page

        return administrator_page(rows, platform.node() or "?", time.strftime("%Y-%m-%d %H:%M %Z"))


def _leads_to_a_vehicle(device: DeviceInfo) -> bool:
    """CAN over the local network is for simulations and always ready, as DoIP is: neither tells of a device."""
    return device.kind not in (DeviceKind.SIMULATION, DeviceKind.DOIP) and not device.uri.startswith(_MULTICAST)
