"""The part of a connected vehicle that orders misbehaviour, for training: only simulated ones take such orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from core.errors import UsageError

if TYPE_CHECKING:
    from core.simulation.misbehaviour import Misbehaviour
    from core.vci.channel import Vci


class Training:
    """Faults to order. A real vehicle has none."""

    _vci: Vci

    def set_faults(self, faults: Sequence[str]) -> None:
        """From now on exactly these: NAME, NAME@N or UNIT:NAME@N of `Workbench.fault_names`. UsageError."""
        misbehaviour = self._misbehaviour()
        if misbehaviour is None:
            raise UsageError(
                "Faults can be ordered at a simulated vehicle only.", "Connect to one, e.g. sim:car-mixed."
            )
        misbehaviour.order(faults)

    def ordered_faults(self) -> tuple[str, ...]:
        """What is ordered now; () for a real vehicle."""
        misbehaviour = self._misbehaviour()
        return misbehaviour.ordered if misbehaviour is not None else ()

    def struck_faults(self) -> tuple[str, ...]:
        """Those of them that have happened."""
        misbehaviour = self._misbehaviour()
        return misbehaviour.struck if misbehaviour is not None else ()

    def _misbehaviour(self) -> Misbehaviour | None:
        return getattr(self._vci, "misbehaviour", None)
