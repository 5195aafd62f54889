"""What a flash plan file says: unit, vehicle, what must be there before and after, blocks, policy. Frozen data only."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.catalogue.model import Checksum, ExpectedIdent, FlashPolicy, IdentItem
from core.vocabulary import UDS, EcuAddress, EuroClass


@dataclass(frozen=True, slots=True)
class PlanBlock:
    """One logical block: which addresses of the image belong to it, (first, last) each, last inclusive."""

    name: str
    ranges: tuple[tuple[int, int], ...]
    data_format: int = 0x00
    sha256: str = ""
    checksums: tuple[Checksum, ...] = ()
    index: int | None = None


@dataclass(frozen=True, slots=True)
class FlashPlanFile:
    """A plan. Without `blocks` the whole image is one block in `data_format`.

    `euro_class` UNKNOWN, "" and empty tuples mean that the file says nothing of it. `image_start` is the address of
    the first byte of a raw binary image. `software_did` and `hardware_did` name the identifiers of a unit that no
    catalogue knows.
    """

    unit: str
    policy: FlashPolicy = field(default_factory=FlashPolicy)
    title: str = ""
    file: str = ""
    address: EcuAddress | None = None
    euro_class: EuroClass = EuroClass.UNKNOWN
    vin_prefixes: tuple[str, ...] = ()
    software_after: str = ""
    hardware: tuple[str, ...] = ()
    expected_idents: tuple[ExpectedIdent, ...] = ()
    software_did: int | None = None
    hardware_did: int | None = None
    flashware: str = ""
    part_number: str = ""
    image_sha256: str = ""
    image_start: int | None = None
    data_format: int = 0x00
    blocks: tuple[PlanBlock, ...] = ()
    signature: str = ""
    public_key: str = ""
    protocol: str = UDS

    @property
    def is_proven(self) -> bool:
        """Whether something would show afterwards that the unit holds what was sent."""
        return bool(self.software_after) or self.policy.checksum_routine is not None

    def idents(self, usual: tuple[IdentItem, ...]) -> tuple[IdentItem, ...]:
        """The identifications of the unit: those that the plan names instead of the usual ones of their kind."""
        named = []
        for did, kind in ((self.software_did, "software"), (self.hardware_did, "hardware")):
            if did is not None:
                same = (item for item in usual if (item.did, item.kind) == (did, kind))
                named.append(next(same, IdentItem(kind.title(), f"{kind.title()} number", did, kind)))
        kinds = {item.kind for item in named}
        return (*named, *(item for item in usual if item.kind not in kinds))
