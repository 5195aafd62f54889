"""The programming part: session, security, fingerprint, erase, transfer, checks, reset (ISO 14229-1); no ending."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.diagnosis.commands import Job, LinkLimit, Progress, ReadClock, Reconnect, Record, Request, Step, Tell
from core.diagnosis.flash.frame import probe_of
from core.diagnosis.flash.marks import remaining, resume_point
from core.diagnosis.flash.records import checksum_records, download, erase_record
from core.diagnosis.preflight import VoltageWatch
from core.diagnosis.security import open_access
from core.errors import NegativeResponse, NoResponse, PreconditionNotMet, RemoteProtocolError, VciLost
from core.events import Noted
from core.protocol.dialect import dialect_of
from core.vocabulary import EcuAddress

if TYPE_CHECKING:
    from core.catalogue.images import FlashImage, ImageSegment
    from core.catalogue.model import DataBlock
    from core.diagnosis.flash.plan import FlashPlan

LONG_WORK = 300.0  # seconds that erase, checksum and dependency check may take with 0x78 in between
_WRONG_BLOCK_SEQUENCE_COUNTER = 0x73


class Programming:
    """Programs the blocks of one plan. `entered` and `erased` are True from the first such request on."""

    def __init__(self, plan: FlashPlan, address: EcuAddress) -> None:
        self._plan = plan
        self._unit = plan.unit.name
        self._address = address
        self._dialect = dialect_of(address)
        self._policy = plan.session.policy
        self._digest = hashlib.sha256()
        self._voltage = VoltageWatch.of(self._unit, self._policy, plan.checks)
        self._resume = resume_point(plan)
        self.entered = False
        self.erased = False
        self.sent = 0
        self.retries = 0
        self.step = ""
        self.step_title = ""

    @property
    def sha256(self) -> str:
        """Of the bytes that the unit has acknowledged, in the order of sending."""
        return self._digest.hexdigest()

    def begin(self, step: str, title: str, protected: bool = False) -> Step:
        self.step, self.step_title = step, title
        return Step(step, title, protected)

    def _request(self, pdu: bytes, timeout: float | None = None) -> Request:
        return Request(self._unit, self._address, pdu, timeout=timeout)

    def run(self) -> Job[None]:
        yield from self._enter()
        self._plan.task.permit.confirm(self._unit, self._plan.sha256)
        if self._policy.erase_scope == "whole":
            yield from self._erase(1, self._plan.session.blocks, "Erase all blocks")
        for number, (block, image) in enumerate(zip(self._plan.session.blocks, self._plan.images, strict=True), 1):
            if not (yield from self._resumed(number, block, image)):
                yield from self._program(number, block, image)
        yield from self._check_dependencies()
        yield Record("programmed", {"unit": self._unit})
        yield self.begin("reset", "Reset the unit into its new software", protected=True)
        yield from self._reset(self._dialect.reset())

    # -- before the first erase

    def ask_preconditions(self) -> Job[None]:
        """31 01 0203 (HIS convention) in the extended session: its status record names what is missing."""
        routine = self._policy.precondition_routine
        if routine is None:
            return
        try:
            missing = yield from self._routine(routine)
        except NegativeResponse as refusal:
            if refusal.nrc not in self._dialect.not_supported:
                raise
            return  # a unit without this routine has no wishes
        if any(missing):
            raise PreconditionNotMet(
                f"{self._unit} is not ready for programming (conditions {missing.hex(' ').upper()} are not met).",
                "Ignition on, engine off, vehicle standing; then start again. Nothing was changed.",
            )

    def _enter(self) -> Job[None]:
        policy = self._policy
        yield self.begin("session", "Programming session and security access")
        self.entered = True
        yield from self._reset(self._dialect.session(policy.programming_session))
        yield from open_access(self._plan.task.vehicle, self._unit, self._address, policy)
        if policy.fingerprint_did is not None:
            yield self.begin("fingerprint", "Write the fingerprint")
            _, now = yield ReadClock()
            yield self._request(self._dialect.write_data(policy.fingerprint_did, fingerprint(now)))

    def _reset(self, pdu: bytes) -> Job[None]:
        """A request after which the unit may be silent for its reset time, whether it answers before or after it."""
        try:
            yield self._request(pdu, timeout=self._policy.reset_time + 5.0)
        except (NoResponse, VciLost):
            pass  # the reset came first; a gateway's own reset takes the connection with it
        yield Reconnect(self._unit, self._address, probe_of(self._address), self._policy.reset_time)

    # -- per block

    def _program(self, number: int, block: DataBlock, image: FlashImage) -> Job[None]:
        count = len(self._plan.session.blocks)
        of_all = f" {number} of {count}" if count > 1 else ""
        if self._policy.erase_scope == "block":
            yield from self._erase(number, (block,), f"Erase block{of_all}")
        else:
            yield Record("erasing", {"unit": self._unit, "block": number})
            self.erased = True
        yield self.begin(f"transfer-{number}", f"Transfer block{of_all}, {image.size} bytes")
        yield from self._transfer_from(0, block, image)
        yield from self._compare(number, block, image, of_all)

    def _erase(self, number: int, blocks: tuple[DataBlock, ...], title: str) -> Job[None]:
        """From its record in the journal on the unit has no valid software."""
        record = erase_record(self._policy, number, blocks)
        yield self.begin(f"erase-{number}", title)
        yield from self._voltage.hold()
        yield Record("erasing", {"unit": self._unit, "block": number})
        self.erased = True
        self._passed((yield from self._routine(self._policy.erase_routine, record)), "The erase")

    def _resumed(self, number: int, block: DataBlock, image: FlashImage) -> Job[bool]:
        """Goes on with an interrupted flash. False where this block is to be erased, also when the unit will not.

        What an earlier job has programmed counts only when the unit's checksum over the whole block holds now.
        """
        if self._resume is None or number > self._resume.block:
            return False
        count, before = len(self._plan.session.blocks), self._digest.copy()
        of_all = f" {number} of {count}" if count > 1 else ""
        offset = self._resume.offset if number == self._resume.block else image.size
        try:
            if offset < image.size:
                left = f"{image.size - offset} of {image.size} bytes are left"
                yield self.begin(f"transfer-{number}", f"Go on with block{of_all}, {left}")
                yield Record("resuming", {"unit": self._unit, "block": number, "offset": offset})
                self.erased = True
            yield from self._transfer_from(offset, block, image)
            yield from self._compare(number, block, image, of_all)
        except (NegativeResponse, RemoteProtocolError) as refusal:
            reason = refusal.message
        else:
            return True
        self._resume, self._digest = None, before
        yield Tell(Noted(0.0, "warning", f"{self._unit} does not go on with block{of_all}: {reason} It is erased."))
        return False

    def _transfer_from(self, offset: int, block: DataBlock, image: FlashImage) -> Job[None]:
        """The bytes of a block from `offset` on; those before it count as sent by an earlier job."""
        parts = remaining(image, offset)
        untouched = {id(segment) for _, _, segment in parts}
        for segment in image.segments:
            if id(segment) not in untouched:
                self._digest.update(segment.data)
        for before, skip, segment in parts:
            self._digest.update(segment.data[:skip])
            yield from self._transfer(block, segment, before, image.size, skip)

    def _compare(self, number: int, block: DataBlock, image: FlashImage, of_all: str) -> Job[None]:
        """The unit's own checksum over the block."""
        if self._policy.checksum_routine is not None:
            yield self.begin(f"checksum-{number}", f"Compare the checksum of block{of_all}")
            for record in checksum_records(self._policy, number, block, image):
                status = yield from self._routine(self._policy.checksum_routine, record)
                self._passed(status, "The checksum of the unit")
        yield Record("verified", {"unit": self._unit, "block": number})

    def _transfer(self, block: DataBlock, segment: ImageSegment, done: int, total: int, skip: int) -> Job[None]:
        """0x34, 0x36 and 0x37 for a segment without its first `skip` bytes; `done` bytes of the block lie before it."""
        data, end = segment.data, len(segment.data)
        start, size = segment.start + skip, end - skip
        dialect = self._dialect
        answer = yield self._request(download(self._policy, block.data_format, start, size, dialect))
        limit = yield LinkLimit(self._address)
        longest = min(dialect.max_block_length(answer), limit, self._policy.max_block or limit)
        payload = longest - dialect.block_overhead  # maxNumberOfBlockLength counts SID and counter
        if payload < 1:
            raise RemoteProtocolError(f"{self._unit} offers blocks without room for data ({longest} bytes).")
        unit, address, update = self._unit, self._address, self._digest.update
        counter = 1
        for offset in range(skip, end, payload):
            piece = data[offset : offset + payload]
            pdu = dialect.block(counter, piece)
            yield from self._voltage.hold()
            answer = b""
            try:
                answer = yield Request(unit, address, pdu)
            except NoResponse as silence:
                if not self._may_repeat(silence):
                    raise
            if not answer:  # outside the except block: there a cancel would have to wait
                answer = yield from self._again(pdu)
            if not dialect.acknowledges(answer, counter):
                raise RemoteProtocolError(
                    f"{unit} acknowledged another block ({answer.hex(' ').upper()[:24]}) than {counter:02X}.",
                    standard="ISO 14229-1", clause="14.5",
                )  # fmt: skip
            update(piece)
            self.sent += len(piece)
            counter = (counter + 1) & 0xFF
            yield Progress(done + offset + len(piece), total)
        yield self._request(dialect.transfer_exit(), LONG_WORK)

    def _may_repeat(self, silence: NoResponse) -> bool:
        """Without a counter (KWP2000) only what the unit cannot have taken whole: it still owed a flow control."""
        if self._dialect.counts_blocks:
            return self._policy.resend_on_timeout
        return silence.timer == "N_Bs"

    def _again(self, pdu: bytes) -> Job[bytes]:
        """The answer to a block was lost: the same counter once more (only where the unit's data allows it).

        A unit that had the block already answers positively without programming twice; one that says 0x73 here has
        moved on, which comes to the same. Whatever was wrong, the checksum at the end finds it.
        """
        self.retries += 1
        try:
            answer: bytes = yield self._request(pdu)
        except NegativeResponse as refusal:
            if refusal.nrc != _WRONG_BLOCK_SEQUENCE_COUNTER:
                raise
            return bytes((0x76, pdu[1]))
        return answer

    def _check_dependencies(self) -> Job[None]:
        if self._policy.dependency_routine is None:
            return
        yield self.begin("dependencies", "Check that all blocks belong together")
        status = yield from self._routine(self._policy.dependency_routine)
        self._passed(status, "The dependency check of the unit")

    def _routine(self, number: int, record: bytes = b"") -> Job[bytes]:
        """Starts it and waits for its end. -> its status record."""
        answer = yield self._request(self._dialect.routine(number, record), LONG_WORK)
        asked = self._dialect.routine_results(number, answer)
        if asked is not None:
            answer = yield self._request(asked, LONG_WORK)
        return self._dialect.routine_status(answer)

    def _passed(self, status: bytes, what: str) -> None:
        """A 71 is not success by itself: the first byte of the status record is, 0 is passed (clause 13.2)."""
        if status and status[0] != 0:
            raise RemoteProtocolError(
                f"{what} failed with status {status.hex(' ').upper()}.",
                "The flashware may not fit this unit.",
                standard="ISO 14229-1",
                clause="13.2",
            )


def fingerprint(now: float) -> bytes:
    """Date as BCD (YY MM DD, UTC) and who did it: six characters. `now` in seconds since the epoch."""
    return bytes.fromhex(datetime.fromtimestamp(now, UTC).strftime("%y%m%d")) + b"PASSBA"
