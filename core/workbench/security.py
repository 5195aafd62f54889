"""Where the security methods of this installation come from: settings, data folder, whoever hands a signer in.

    [security.NAME] in the settings     a program that answers for the method NAME
    DATA/authentication/NAME/           the tester's certificate and the trusted roots for the method NAME
    add_signer(NAME, sign)              anything else, e.g. an online signature

The garage's certificates are made here at their first use; nothing has to be set up for simulated vehicles.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import PreconditionNotMet, StorageFailed
from core.protocol.authentication import GARAGE_METHOD

if TYPE_CHECKING:
    from core.diagnosis.security import Identity, SecurityMethods, Signer
    from core.settings import Settings
    from core.vci.doip.tls import TlsTrust
    from core.workbench.paths import WorkbenchPaths

_PLAIN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")  # method names come from data files and name folders


class SecurityDesk:
    """The workbench's own: one for all connections."""

    def __init__(self, paths: WorkbenchPaths) -> None:
        self._paths = paths
        self._added: dict[str, Signer] = {}

    @property
    def garage_folder(self) -> Path:
        return self._folder(GARAGE_METHOD)

    def add_signer(self, method: str, sign: Signer) -> None:
        """For connections from now on; goes before a program of the settings."""
        self._added[method] = sign

    def methods(self, settings: Settings) -> SecurityMethods:
        """What one connection gets."""
        from core.diagnosis.security import ProcessSigner, SecurityMethods

        signers: dict[str, Signer] = {
            row.name: ProcessSigner(row.name, row.command, row.time_limit) for row in settings.security
        }
        return SecurityMethods(signers | self._added, self._identity, self._advice)

    def auth_root(self) -> Path:
        """The PEM file with the root of this installation's garage certificates, made now where it is not there."""
        from core.simulation.certificates import ROOTS, Authority

        Authority(self.garage_folder).ensure()
        return self.garage_folder / ROOTS

    def doip_trust(self, settings: Settings) -> TlsTrust:
        """For DoIP over TLS: the roots and the certificate of the settings; simulated vehicles are trusted, too.

        Without a certificate of the settings the garage's tester stands in: only simulated vehicles accept that.
        """
        from core.simulation.doip.tls import garage_trust

        garage, chosen = garage_trust(self.garage_folder), settings.devices
        more = self.garage_folder / "roots"
        roots = [*garage.roots, *([more] if more.is_dir() else [])]
        if chosen.doip_roots:
            roots.append(Path(chosen.doip_roots).expanduser())
        own = Path(chosen.doip_certificate).expanduser() if chosen.doip_certificate else garage.certificate
        return replace(garage, roots=tuple(roots), certificate=own)

    def trust_auth_root(self, file: Path) -> Path:
        """Another installation's root is trusted by tester and garage from now on. DataInvalid, StorageFailed."""
        from core.protocol.authentication.certificates import fingerprint
        from core.simulation.certificates import MORE_ROOTS, read_roots

        roots = read_roots(file)
        target = self.garage_folder / MORE_ROOTS / f"{fingerprint(roots[0])[:16]}.pem"
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        except OSError as problem:
            raise StorageFailed(f"{target} cannot be written: {problem.strerror or problem}.") from problem
        return target

    def _identity(self, method: str, signer: Signer | None) -> Identity:
        from core.diagnosis.security import load_identity

        if method == GARAGE_METHOD:
            self.auth_root()
        return load_identity(method, self._folder(method), signer)

    def _folder(self, method: str) -> Path:
        if not _PLAIN_NAME.fullmatch(method):
            raise PreconditionNotMet(
                f"The diagnostic data names a security method {method[:64]!r}, which is no usable name.",
                "Ask whoever wrote the data. Nothing was changed.",
            )
        return self._paths.data / "authentication" / method

    def _advice(self, method: str) -> str:
        return (
            f"Configure a program for it: [security.{method}] with command = [...] in {self._paths.settings_file}."
            " Nothing was changed."
        )
