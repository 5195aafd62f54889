"""The steps of all jobs as a technician knows them: what is done there, how the unit is left, how to go on. Pure data.

A job's own step names ("erase-2", "ENGINE/transfer-1") are put to these by `step_of`. `{unit}` stands for its name.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StepWords:
    """`doing` follows "while" and "refused". `refused` is the unit's state after a clear no, `unsure` after silence,
    a lost connection or a failed memory. `again` is how to go on once the cause is put right."""

    name: str
    title: str
    doing: str
    refused: str
    unsure: str
    again: str


_AS_BEFORE = "Nothing was changed in {unit}."
_OLD_SOFTWARE = (
    "Nothing was erased: {unit} still has its old software and leaves the boot loader by itself within some seconds."
)
_NO_SOFTWARE = "{unit} is erased and has no valid software: it waits in its boot loader and can be flashed again."
_FLASH = "Then start the flash of {unit} again."
_FROM_ERASE = "Keep the ignition on and start the flash of {unit} again from the beginning."
_CODING_KEPT = "The coding of {unit} is as it was."
_CODING_UNSURE = (
    "It is not known whether {unit} has taken the new coding. The coding as it was is kept on the disk."
)  # fmt: skip
_CODE_AGAIN = "Then read the coding of {unit} and write it again."
_RESTORE = "Then read the coding of {unit}, and restore the kept one where it is not as wished."



def _and(*sentences: str) -> str:
    return " ".join(sentences)


STEPS: tuple[StepWords, ...] = (
    StepWords("identify", "Identify the vehicle", "reading the vehicle identification number",
              "Nothing was changed in the vehicle.", "Nothing was changed in the vehicle.", "Then start again."),
    StepWords("survey", "Quick test", "answering the quick test",
              _AS_BEFORE, _AS_BEFORE, "Then repeat the quick test."),
    StepWords("faults", "Read trouble codes", "reading the trouble codes",
              "The trouble codes of {unit} are as they were.", "The trouble codes of {unit} are as they were.",
              "Then read the trouble codes again."),
    StepWords("clear", "Clear trouble codes", "clearing the trouble codes",
              "The trouble codes of {unit} are still stored.",
              "It is not known whether the trouble codes of {unit} are cleared.",
              "Then read the trouble codes and clear them again where they are still there."),
    StepWords("request", "Raw request", "answering a raw request",
              "{unit} has not done what was asked for.", "It is not known what {unit} has done with the request.",
              "Then send the request again."),
    StepWords("check", "Check before the flash", "answering the checks before the flash",
              _AS_BEFORE, _AS_BEFORE, _FLASH),
    StepWords("prepare", "Prepare the vehicle", "preparing the vehicle for programming",
              "Nothing was changed in {unit}; trouble code storage and normal messages are switched on again.",
              "Nothing was changed in {unit}; should normal messages be missing, switch the ignition off and on.",
              _FLASH),
    StepWords("session", "Programming session", "entering the programming session",
              _OLD_SOFTWARE, _OLD_SOFTWARE, _FLASH),
    StepWords("security", "Security access", "unlocking the unit",
              _and("{unit} stays locked.", _OLD_SOFTWARE), _OLD_SOFTWARE, _FLASH),
    StepWords("authentication", "Authentication", "authenticating the tester",
              _and("{unit} does not trust this tester yet.", _OLD_SOFTWARE), _OLD_SOFTWARE, _FLASH),
    StepWords("fingerprint", "Fingerprint", "writing the fingerprint",
              _and("The fingerprint is as it was.", _OLD_SOFTWARE),
              _and("The fingerprint may be the new one already.", _OLD_SOFTWARE), _FLASH),
    StepWords("erase", "Erase", "erasing the memory",
              "The erase was refused, but what is in the memory of {unit} is not proven: it counts as without valid "
              "software and waits in its boot loader.",
              _NO_SOFTWARE, _FROM_ERASE),
    StepWords("transfer", "Transfer", "transferring the software",
              _NO_SOFTWARE, _and("The software of {unit} is written in part only.", _NO_SOFTWARE), _FROM_ERASE),
    StepWords("checksum", "Compare the checksum", "comparing the checksum",
              "The block is written, but its checksum is not confirmed: {unit} does not start it and waits in its boot "
              "loader.",
              "The block is written, but its checksum is not confirmed: {unit} waits in its boot loader.", _FROM_ERASE),
    StepWords("dependencies", "Check that all blocks belong together", "checking that all blocks belong together",
              "All blocks are written, but {unit} does not accept them together: it waits in its boot loader.",
              "All blocks are written, but {unit} has not confirmed that they belong together: it waits in its boot "
              "loader.", _FROM_ERASE),
    StepWords("reset", "Reset into the new software", "resetting the unit",
              "All blocks are written and checked, but {unit} has not started its new software yet.",
              "All blocks are written and checked; whether {unit} has started its new software is not known.",
              "Switch the ignition off and on and read the software with the quick test; where it is not the new one, "
              "flash {unit} again from the beginning."),
    StepWords("verify", "Read the software back", "reading the new software back",
              "The new software is written, but {unit} has not confirmed it: do not call it done.",
              "The new software is written, but it was not read back from {unit}: do not call it done.",
              "Read the software with the quick test; where it is not the new one, flash {unit} again from the "
              "beginning."),
    StepWords("restore", "Put the vehicle back", "switching trouble codes and normal messages on again",
              "The new software of {unit} is written and read back; other units may still be silent.",
              "The new software of {unit} is written and read back; other units may still be silent.",
              "Switch the ignition off and on, then run the quick test."),
    StepWords("coding-read", "Read the coding", "reading the coding",
              _CODING_KEPT, _CODING_KEPT, "Then read the coding of {unit} again."),
    StepWords("coding-access", "Access for coding", "getting access for coding",
              _CODING_KEPT, _CODING_KEPT, _CODE_AGAIN),
    StepWords("coding-write", "Write the coding", "writing the coding",
              "{unit} has not taken this record; records before it may be written. The coding as it was is kept on the "
              "disk.", _CODING_UNSURE, _RESTORE),
    StepWords("coding-verify", "Read the coding back", "reading the coding back",
              "The new coding is sent, but {unit} has not confirmed it. The coding as it was is kept on the disk.",
              _CODING_UNSURE, _RESTORE),
)  # fmt: skip
BY_NAME = {step.name: step for step in STEPS}

WITHOUT_SOFTWARE = "{unit} had no valid software before and still has none: it waits in its boot loader."
"""In place of "old software" for a unit that was left in programming by an earlier job."""
OLD_SOFTWARE_STEPS = frozenset({"check", "prepare", "session", "security", "authentication", "fingerprint"})

_ALIASES: dict[tuple[str, str], str] = {
    ("coding", "read"): "coding-read",
    ("coding", "backup"): "coding-read",
    ("coding", "access"): "coding-access",
    ("coding", "write"): "coding-write",
    ("coding", "verify"): "coding-verify",
    ("coding", "fingerprint"): "coding-access",
    ("uds", "uds"): "request",
}
_OF_KIND = {"coding": "coding-read", "faults": "faults", "uds": "request", "flash": "check", "preview": "check",
            "recover": "check", "survey": "survey"}  # fmt: skip
_BY_SERVICE: dict[tuple[str, int], str] = {
    ("flash", 0x27): "security", ("flash", 0x29): "authentication", ("flash", 0x34): "transfer",
    ("flash", 0x36): "transfer", ("flash", 0x37): "transfer", ("coding", 0x27): "coding-access",
    ("coding", 0x29): "coding-access", ("coding", 0x2E): "coding-write", ("coding", 0x3B): "coding-write",
}  # fmt: skip
"""Where the refused service says more than the step: unlocking happens inside of the step "session"."""


def step_of(step: str, kind: str = "", sid: int | None = None) -> StepWords:
    """The words of a job's step. Unknown names count as the first step of that kind, where nothing is changed yet."""
    family = _family(kind)
    name = step.rpartition("/")[2]
    head, _, number = name.rpartition("-")
    name = head if number.isdigit() else name
    by_service = _BY_SERVICE.get((family, sid)) if sid is not None else None
    if by_service is not None and name not in ("check", "verify", "restore"):
        return BY_NAME[by_service]
    name = _ALIASES.get((family, name), name)
    return BY_NAME.get(name) or BY_NAME[_OF_KIND.get(family, "survey")]


def _family(kind: str) -> str:
    """ "coding-read", "coding" -> "coding"; "recover" and an order of several units are flashes."""
    return "flash" if is_flash(kind) else kind.partition("-")[0]


def is_flash(kind: str) -> bool:
    """Whether a job of this kind may change the software of units, or looks whether it could."""
    return kind.partition("-")[0] in ("flash", "recover", "preview", "order")
