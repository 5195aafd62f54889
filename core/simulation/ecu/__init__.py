"""The simulated control unit: a UDS server (ISO 14229-1) as small named rules, and its memory. No bus, no clock."""
