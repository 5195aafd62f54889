"""A program of the workshop as a security method: JSON on its stdin, JSON on its stdout. No shell, a time limit.

    request   {"method": ..., "level": 17, "seed": "1A2B...", "vin": ..., "unit": ...}     for a key
              {"method": ..., "data": "...", "vin": ..., "unit": ...}                      for a proof of ownership
    answer    {"key": "..."} or {"signature": "..."}, hex; then it ends with code 0

Seed, key and data are nowhere but in the pipe: never in a message, a log, a command line.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.diagnosis.security.methods import KEY, PROOF, Payload
from core.errors import PreconditionNotMet
from core.vocabulary.cleaning import clean

if TYPE_CHECKING:
    import subprocess

ANSWERS = {KEY: "key", PROOF: "signature"}
LONGEST_ANSWER = 64 * 1024  # characters of hex: no key and no signature is longer
LONGEST_COMPLAINT = 200
_SECRET = re.compile(r"(?:[0-9A-Fa-f]{2}[ :,-]?){3,}[0-9A-Fa-f]?")  # three bytes and more, also a long number


@dataclass(frozen=True)
class ProcessSigner:
    """`command` is started anew for every request, with `time_limit` seconds to answer. A Signer."""

    method: str
    command: tuple[str, ...]
    time_limit: float = 10.0

    @property
    def problem(self) -> str:
        """Why it could not be started, "" where it could."""
        if shutil.which(self.command[0]) is None:
            return f"The program {self.command[0]} of the security method {self.method!r} is not there."
        return ""

    def __call__(self, kind: str, payload: Payload) -> bytes:
        """PreconditionNotMet for whatever goes wrong with the program: nothing was sent to the unit yet."""
        answer = self._run(json.dumps(dict(payload)))
        try:
            fields = json.loads(answer)
            text = fields[ANSWERS[kind]]
            if not isinstance(text, str) or not text or len(text) > LONGEST_ANSWER:
                raise ValueError(kind)
            return bytes.fromhex(text)
        except (ValueError, KeyError, TypeError, RecursionError):
            # not chained: the words of these errors quote what the program said
            refusal = self._refusal(f'answered something else than {{"{ANSWERS[kind]}": hex}}')
        raise refusal from None

    def _run(self, request: str) -> bytes:
        import subprocess  # most vehicles need no program

        own_group: dict[str, Any] = {"start_new_session": True} if os.name == "posix" else {}
        try:
            process = subprocess.Popen(
                self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **own_group
            )
        except (OSError, ValueError) as problem:
            words = problem.strerror if isinstance(problem, OSError) else "its name is no name of a file"
            raise self._refusal(f"cannot be started: {words}") from problem
        with process:
            try:
                answer, complaint = process.communicate(request.encode(), self.time_limit)
            except subprocess.TimeoutExpired:
                _end(process)
                raise self._refusal(f"did not answer within {self.time_limit:g} s") from None
            except BaseException:
                _end(process)
                raise
        if process.returncode:
            raise self._refusal(f"ended with code {process.returncode}{_words(complaint)}")
        output: bytes = answer
        return output

    def _refusal(self, what: str) -> PreconditionNotMet:
        return PreconditionNotMet(
            f"The program of the security method {self.method!r} {what}.",
            f"Check [security.{self.method}] in the settings file and try the program by hand. Nothing was changed.",
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """The program and whatever it has started: a child of it would hold the pipes open."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except OSError:
        pass  # it was quicker


def _words(complaint: bytes) -> str:
    """The last line that it complained with, without anything that could be a seed or a key."""
    lines = complaint[-4096:].decode("utf-8", "replace").strip().splitlines()
    if not lines:
        return ""
    return f" ({clean(_SECRET.sub('...', lines[-1]))[:LONGEST_COMPLAINT].strip()})"
