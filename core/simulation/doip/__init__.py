"""The DoIP half of a simulated vehicle: its sockets, with TLS where it is told so."""
