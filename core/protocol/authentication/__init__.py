"""Access to a unit: certificates (0x29, ISO 14229-1:2020 clause 10.6, APCE), seed and key (0x27). Both sides; pure.

`messages` is the codec and loads nothing; `certificates` and `proof` load the cryptography package.
"""

from typing import Final

GARAGE_METHOD: Final = "garage-certificate"
"""The method of the simulated vehicles, as FlashPolicy.authentication names it (proof.py defines what is signed)."""
