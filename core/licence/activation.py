"""The StartKey's life on this PC: state without network, online check with a nonce, a newer one, files, orders."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import (
    BackendRefused,
    BackendUnreachable,
    ClockSetBack,
    LicenceCheckFailed,
    LicenceError,
    LocalNetworkFault,
    StartKeyExpired,
    StartKeyInvalid,
    StartKeyOtherPc,
    StorageFailed,
)
from core.licence.clock import TOLERANCE, SeenTime
from core.licence.desk import Desk, unknown_reason
from core.licence.hardware.device import read_export
from core.licence.startkey import judge, read_startkey, refuse_foreign
from core.licence.startkey.trust import TrustedKeys
from core.online.dsse import MAX_ENVELOPE, verify
from core.online.wire import CHECK, CheckPayload, CheckRequest, Device, StartKey, WireError, loads
from core.pc.files import open_file, write_file
from core.vocabulary import StartKeyOrder, StartKeyState, StartKeyVerdict
from core.vocabulary.cleaning import clean


@dataclass(frozen=True, slots=True)
class Checked:
    """What an online check led to. `renewed`: another StartKey than before is here now (2221-54)."""

    state: StartKeyState
    renewed: bool


class StartKeyDesk:
    """`restart_needed` stays for the life of this process: what runs was begun with the StartKey before."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._restart_needed = False

    # -- without network

    def state(self) -> StartKeyState:
        """The verdict of now. Quick."""
        envelope = self._desk.files.envelope()
        if not envelope:
            return StartKeyState(StartKeyVerdict.MISSING, "There is no StartKey on this PC.")
        try:
            paper = self.paper(envelope)
        except StartKeyOtherPc as problem:
            return StartKeyState(StartKeyVerdict.OTHER_PC, problem.message)
        except LicenceError as problem:
            return StartKeyState(StartKeyVerdict.INVALID, problem.message)
        return self._judged(paper)

    def paper(self, envelope: str = "") -> StartKey:
        """The StartKey that is here, verified and of this PC. StartKeyInvalid, StartKeyOtherPc."""
        paper = read_startkey(envelope or self._desk.files.envelope(), self._desk.files.trusted())
        refuse_foreign(paper, self._desk.device)
        return paper

    def _judged(self, paper: StartKey) -> StartKeyState:
        seen = self._desk.time.look(at_least=paper.issued)
        state = judge(paper, seen.mark, seen.checked, self._restart_needed)
        if self._desk.time.behind(seen):
            words = "The clock of this PC was set back: it is behind a time that was seen here before."
            return replace(state, verdict=StartKeyVerdict.CLOCK, words=words)
        return state

    def install(self, path: Path) -> StartKeyState:
        """A file from the shop. Without a trusted key (first contact by file alone) the settings must name one."""
        try:
            with open_file(path) as stream:
                envelope = stream.read(MAX_ENVELOPE + 2).decode("ascii", "replace").strip()
        except OSError as problem:
            raise StorageFailed(f"{path} cannot be read: {problem.strerror or problem}.") from problem
        trusted = self._desk.files.trusted()
        if not trusted.known:
            trusted = self._fetched(trusted)
        self._accept(envelope, trusted)
        return self.state()

    # -- with network

    def check(self) -> Checked:
        """Asks the back end about this system's StartKey and takes a newer one (C7).

        StartKeyMissing (2221-45), StartKeyServerUnreachable (2221-47), LocalNetworkFault (2173-39),
        LicenceCheckFailed (2173-40), StartKeyExpired, StartKeyOtherPc, StartKeyInvalid where it was revoked.
        """
        try:
            checked = self._check()
        except LocalNetworkFault:
            self._desk.was_silent()
            raise
        except BackendUnreachable as problem:
            self._desk.was_silent(problem)
            raise self._desk.startkey_server_away(problem) from problem
        except BackendRefused as problem:
            raise unknown_reason(problem) from problem
        self._desk.has_answered()
        return checked

    def _check(self) -> Checked:
        desk, client = self._desk, self._desk.client()
        before = self._own(desk.files.trusted().with_stolen)
        trusted = self._fetched(desk.files.trusted())  # each time: one of them may have been stolen meanwhile
        nonce = secrets.token_hex(24)
        device = desk.device
        answer = client.check(
            CheckRequest(
                before.hardware_id if before is not None else device.hardware_id, device.app_id, device.traits,
                before.key_id if before is not None else "", nonce,
            )
        )  # fmt: skip
        told, trusted = self._told(answer.envelope, nonce, trusted)
        desk.files.keep_announced(client.maintenance())
        if not desk.place.embedded:
            _refuse_wrong_clock(desk.time.heard(told.server_time))
        renewed = self._act(told, before, trusted)
        if desk.place.embedded:
            desk.time.agreed()  # its clock is ours: it proves nothing
        return Checked(self.state(), renewed)

    def _told(self, envelope: str, nonce: str, trusted: TrustedKeys) -> tuple[CheckPayload, TrustedKeys]:
        """The signed answer to exactly this question; with keys fetched anew where it is signed by a newer one."""
        try:
            payload = verify(envelope, CHECK, trusted.public)
        except StartKeyInvalid:
            trusted = self._fetched(trusted)
            payload = verify(envelope, CHECK, trusted.public)
        try:
            told = loads(CheckPayload, payload)
        except WireError as problem:
            raise LicenceCheckFailed(f"The answer to the check cannot be read: {problem}.") from problem
        if told.nonce != nonce:
            raise LicenceCheckFailed("The answer belongs to another check: it may be an old one played back.")
        if not trusted.may_have_signed(envelope, told.server_time):
            raise LicenceCheckFailed("The answer was signed with a key that has been retired.")
        return told, trusted

    def _act(self, told: CheckPayload, before: StartKey | None, trusted: TrustedKeys) -> bool:
        """Takes what the answer brings; True where another StartKey than before is here now."""
        words = clean(told.words, 500)
        if told.verdict == "revoked":
            self._desk.files.drop()
            raise StartKeyInvalid(words or "The StartKey was revoked.", "Ask customer support why, or order a new one.")
        if told.verdict == "other-pc":
            raise StartKeyOtherPc(words or "The back end knows this StartKey for another PC.")
        if told.startkey is not None:
            paper = read_startkey(told.startkey, trusted)
            if before is not None and paper.issued < before.issued:
                raise LicenceCheckFailed("The back end offers an older StartKey than the one that is here.")
            self._accept(told.startkey, trusted)
            self._restart_needed |= before is not None and paper.key_id != before.key_id
            return before is not None and paper.key_id != before.key_id
        if told.verdict == "expired":
            raise StartKeyExpired(words or "The StartKey has expired.")
        if before is None or told.verdict != "valid" or told.key_id != before.key_id:
            raise LicenceCheckFailed(f"The back end's verdict makes no sense here: {told.verdict}.")
        return False

    def order(self, device_file: Path | None, save: Path | None) -> StartKeyOrder:
        """With this PC's device data or exported ones. It is not taken here yet: Activate does that."""
        desk = self._desk
        device = desk.device if device_file is None else read_export(device_file)
        told = desk.account.call(lambda token: desk.client().order(token, Device.of(device)))
        written = ""
        if save is not None and told.startkey is not None:
            write_file(save, told.startkey.encode("ascii", "replace") + b"\n", what="The StartKey")
            written = str(save)
        return StartKeyOrder(told.order, told.state, clean(told.words, 500), written)

    def _own(self, trusted: TrustedKeys) -> StartKey | None:
        """What is here and good; anything else is treated as if nothing were here, so that a check mends it."""
        try:
            paper = read_startkey(self._desk.files.envelope(), trusted)
            refuse_foreign(paper, self._desk.device)
        except LicenceError:
            return None
        return paper

    def _fetched(self, trusted: TrustedKeys) -> TrustedKeys:
        return self._desk.files.learn(trusted, self._desk.client().keys())

    def _accept(self, envelope: str, trusted: TrustedKeys) -> None:
        paper = read_startkey(envelope, trusted)
        refuse_foreign(paper, self._desk.device)
        seen = self._desk.time.look(at_least=paper.issued)
        if seen.mark >= paper.expires:
            raise StartKeyExpired("This StartKey has expired.")
        self._desk.files.keep(envelope)


def _refuse_wrong_clock(seen: SeenTime) -> None:
    """The server has just told the time: a clock that is a day off would make its own judgement of every date."""
    if abs(seen.difference) > TOLERANCE:
        hours = abs(seen.difference) // 3_600_000
        side = "behind" if seen.difference > 0 else "ahead of"
        raise ClockSetBack(f"The clock of this PC is {hours} hours {side} the server's.")
