"""`python -m core.vci.checkup.child WISH`: opens one device and tells in JSON what it can do. WISH is JSON, too.

Keys of the wish: uri, locks (folder), python32, measure (also loop-back, latency and throughput on the bus), and
roots and certificate for DoIP over TLS.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from core.errors import LocalProtocolError, ProductError
from core.pc.locks import DeviceLock
from core.vci.uri import VciUri
from core.vocabulary import DeviceKind

MARK = "passbay-checkup "


def examine(
    uri: VciUri, locks: Path, python32: str = "", measure: bool = False, roots: Sequence[str] = (),
    certificate: str = "",
) -> dict[str, Any]:  # fmt: skip
    """`problem` and `advice` are "" where it works; `abilities` are name: text pairs."""
    from core.vci.opening import lock_names

    try:
        with ExitStack() as stack:
            for name in lock_names(uri):
                stack.enter_context(DeviceLock(name, locks))
            return _examined(uri, python32, measure, roots, certificate)
    except ProductError as error:
        return {"problem": error.message, "advice": error.advice, "code": error.code}


def _examined(
    uri: VciUri, python32: str, measure: bool, roots: Sequence[str], certificate: str
) -> dict[str, Any]:
    if uri.kind is DeviceKind.J2534:
        from core.vci.checkup.j2534 import examine_j2534

        return examine_j2534(uri, python32, measure)
    if uri.kind is DeviceKind.CAN:
        from core.vci.checkup.can_bus import examine_can

        return examine_can(uri)
    if uri.kind is DeviceKind.DOIP:
        from core.vci.checkup.doip import examine_doip
        from core.vci.doip.tls import TlsTrust

        own = Path(certificate) if certificate else None
        return examine_doip(uri, TlsTrust(tuple(Path(each) for each in roots), own, uri.verify, uri.tls_port))
    raise LocalProtocolError(f"{uri} is no device")


def main(wish: str) -> None:
    """Ends the process itself: a library that does not come back from unloading must not hold it."""
    asked = json.loads(wish)
    answer = examine(VciUri.parse(asked.pop("uri")), Path(asked.pop("locks")), **asked)
    sys.stdout.write("\n" + MARK + json.dumps(answer) + "\n")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
