"""Flash plans as data: the policy of a sequence in a TOML file, with the layout of an image where there is no PDX.

    format = 1
    [unit]      name, and where it is: tx and rx, or address
    [vehicle]   euro_class, vin_prefix
    [expected]  hardware, software_after, software_did, hardware_did, [[expected.idents]] name, did, values
    [image]     name, part_number, sha256, start (raw binary), data_format
    [session] [security] [prepare] [voltage] [erase] [transfer] [checksum] [finish] [order] [override]
    [[blocks]]  name, ranges = [[first, last], ...], data_format, sha256, index, [[blocks.checksums]]

schema.py is the whole table; `passbay plan show` writes one with every key and its comment. Left-out keys take the
defaults of FlashPolicy. Rules that a plan cannot change: what the vehicle data say of the emission class goes before
what the plan says (rule G2); where they say nothing, the plan's class must be a covered one, else the flash is refused.
An image has no byte outside of the blocks and no block stays empty.
"""

from core.catalogue.plans.model import FlashPlanFile, PlanBlock
from core.catalogue.plans.package import FlashPackage, package, plan_of_session
from core.catalogue.plans.reader import plan_from_text, plan_from_toml
from core.catalogue.plans.words import describe
from core.catalogue.plans.writer import plan_to_toml

__all__ = [
    "FlashPackage",
    "FlashPlanFile",
    "PlanBlock",
    "describe",
    "package",
    "plan_from_text",
    "plan_from_toml",
    "plan_of_session",
    "plan_to_toml",
]
