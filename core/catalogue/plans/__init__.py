"""Flash plans as data: the policy of a sequence in a TOML file, with the layout of an image where there is no PDX."""

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
