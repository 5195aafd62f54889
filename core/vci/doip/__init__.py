"""DoIP as a way to the vehicle (ISO 13400-2): discovery, the connection with or without TLS, its links."""
