"""Pass-thru devices (SAE J2534-1, API 04.04 and 02.02) by the vendor's library. 05.00 is recognised, not spoken."""
