"""Hardware ID and app ID of this PC (C5): from machine traits that never leave it, two of three must still match."""

from core.licence.hardware.identity import APP_ID, digests, hardware_id_of, same_machine
from core.licence.hardware.traits import Traits, read_traits

__all__ = ["APP_ID", "Traits", "digests", "hardware_id_of", "read_traits", "same_machine"]
