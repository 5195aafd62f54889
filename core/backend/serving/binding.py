"""The port that a server of ours listens on: bound once, handed to whoever serves."""

from __future__ import annotations

import os
import socket

from core.backend.serving.options import ServeOptions
from core.errors import SetupError


def bind(options: ServeOptions) -> socket.socket:
    """SetupError where the port is taken, or is not ours to take."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listening = socket.socket(family)
    try:
        if os.name != "nt":  # there it would let a second server take the port
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((options.host, options.port))
    except OSError as error:
        listening.close()
        raise SetupError(
            f"Port {options.port} of {options.host} cannot be used: {error.strerror or error}.",
            "Choose another --port, or end the program that has it.",
        ) from error
    listening.set_inheritable(True)
    return listening
