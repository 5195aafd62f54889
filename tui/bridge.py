"""Between the core's threads and the screens: errands run in threads, facts are drained from the stream by pulling.

The only place of the roof that catches any exception: what goes wrong in an errand becomes an error message, never a
dead screen. Knows no widget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from core.errors import ProductError

if TYPE_CHECKING:
    from core.events import Event
    from core.workbench import Workbench


class Errand:
    """A blocking call in a thread of its own. `collect` hands the outcome over, once, on the screen's thread."""

    def __init__(
        self,
        call: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Callable[[ProductError], None],
        *,
        name: str = "errand",
        after: Errand | None = None,
    ) -> None:
        """`after`: the errand that must have ended first (a device is closed before it is opened again)."""
        self._call, self._then, self._failed, self._after = call, then, failed, after
        self._result: Any = None
        self._error: ProductError | None = None
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        if self._after is not None:
            self._after.wait(None)
            self._after = None
        try:
            self._result = self._call()
        except ProductError as error:
            self._error = error
        except Exception as error:  # noqa: BLE001  (the roof's outermost handler: see the module's docstring)
            self._error = as_product_error(error)
        finally:
            self._ended.set()

    @property
    def done(self) -> bool:
        return self._ended.is_set()

    def wait(self, seconds: float | None) -> bool:
        """Whether the errand has ended within `seconds`."""
        return self._ended.wait(seconds)

    def collect(self) -> None:
        if self._error is not None:
            self._failed(self._error)
        else:
            self._then(self._result)


def as_product_error(error: BaseException) -> ProductError:
    """A fault of ours as an error that a technician can report; keeps no values, only class and place."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f" in {place.tb_frame.f_code.co_name}, line {place.tb_lineno}" if place is not None else ""
    return ProductError(
        f"This should not have happened: {type(error).__name__}{where}.", "Please report it with this code and line."
    )


class Bridge:
    """Pulled ten times a second (four over a slow line): errands that ended, facts that were published."""

    def __init__(self) -> None:
        self.workbench: Workbench | None = None
        self._errands: list[Errand] = []
        self._lanes: dict[str, Errand] = {}

    def send(
        self,
        call: Callable[[], Any],
        then: Callable[[Any], None],
        failed: Callable[[ProductError], None],
        lane: str = "errand",
    ) -> None:
        """Errands of one lane run one after another, lanes beside each other."""
        errand = Errand(call, then, failed, name=lane, after=self._lanes.get(lane))
        self._lanes[lane] = errand
        self._errands.append(errand)

    def runs(self, lane: str) -> bool:
        errand = self._lanes.get(lane)
        return errand is not None and not errand.done

    @property
    def busy(self) -> bool:
        return bool(self._errands)

    def pull(self) -> list[Event]:
        """The facts since the last pull; collects ended errands first."""
        ended = [errand for errand in self._errands if errand.done]
        self._errands = [errand for errand in self._errands if errand not in ended]
        for errand in ended:
            errand.collect()
        return self.workbench.stream.drain() if self.workbench is not None else []

    def wait(self, seconds: float) -> None:
        for errand in self._errands:
            errand.wait(seconds)
