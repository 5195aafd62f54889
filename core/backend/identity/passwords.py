"""Passwords: scrypt with its parameters beside the hash, so that they can grow. Pure apart from the salt."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from core.errors import BackendRefused

LEAST, MOST = 10, 128
_LOG_N, _R, _P = 14, 8, 1  # 16 MiB and about 50 ms a try (OWASP's floor for scrypt)


def hash_password(password: str) -> str:
    if not LEAST <= len(password) <= MOST:
        raise BackendRefused(
            f"A password has {LEAST} to {MOST} characters.", "Choose another password.", status=422, problem="password"
        )
    salt = secrets.token_bytes(16)
    digest = _scrypt(password, salt, _LOG_N, _R, _P)
    return f"scrypt${_LOG_N}${_R}${_P}${salt.hex()}${digest.hex()}"


def password_matches(password: str, stored: str) -> bool:
    """False, too, for a user without a password; takes as long as a real comparison in every case."""
    parts = stored.split("$")
    if len(parts) != 6 or parts[0] != "scrypt":
        _scrypt(password[:MOST], b"\0" * 16, _LOG_N, _R, _P)
        return False
    log_n, r, p = (int(part) for part in parts[1:4])
    digest = _scrypt(password[:MOST], bytes.fromhex(parts[4]), log_n, r, p)
    return hmac.compare_digest(digest, bytes.fromhex(parts[5])) and len(password) <= MOST


def _scrypt(password: str, salt: bytes, log_n: int, r: int, p: int) -> bytes:
    raw = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(raw, salt=salt, n=1 << log_n, r=r, p=p, maxmem=64 * 1024 * 1024, dklen=32)
