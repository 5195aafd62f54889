"""Pass-thru devices (SAE J2534-1, API 04.04) through the vendor's own library. API 05.00 is recognised, not spoken."""
