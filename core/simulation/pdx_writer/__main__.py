"""`python -m core.simulation.pdx_writer [FOLDER]`: writes every garage vehicle anew and names the files."""

from __future__ import annotations

import sys
from pathlib import Path

from core.simulation.pdx_writer.package import write_pdx
from core.simulation.pdx_writer.state import write_toml
from core.simulation.pdx_writer.tables.vehicles import VEHICLES

DEFAULT_FOLDER = Path(__file__).resolve().parents[1] / "vehicles"


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for vehicle in VEHICLES:
        for path in (write_pdx(vehicle, folder), write_toml(vehicle, folder)):
            print(f"{path} {path.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
