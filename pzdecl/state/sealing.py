"""Encryption of a state before it leaves this machine: AES-256-GCM, by the library cryptography.

What is sealed is bound to the name that it is kept under: a sealed object under another name does not open.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

from pzdecl.errors import MissingExtra, PzdeclError

MAGIC = b"pzdecl-sealed-1\n"
_NONCE = 12
_HOW = "32 bytes in base64; `openssl rand -base64 32` makes one"


class Sealer:
    """Seals and opens with keys of 32 bytes: the first seals, all of them open. Without keys all is plain."""

    def __init__(self, keys: tuple[bytes, ...] = ()) -> None:
        if keys:
            try:
                import cryptography  # noqa: F401 - only to tell early that it is missing
            except ImportError as error:
                raise MissingExtra("cryptography", "encryption") from error
        self._keys = keys

    @property
    def key_id(self) -> str | None:
        """Tells the sealing key from others; None without one."""
        return hashlib.sha256(b"pzdecl key id" + self._keys[0]).hexdigest()[:16] if self._keys else None

    def seal(self, plain: bytes, name: str) -> bytes:
        """The bytes, encrypted where there is a key."""
        if not self._keys:
            return plain
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE)
        return MAGIC + nonce + AESGCM(self._keys[0]).encrypt(nonce, plain, name.encode())

    def open(self, sealed: bytes, name: str, what: str) -> bytes:
        """The reverse; what is not sealed comes back as it is.

        Raises PzdeclError, calling it `what`, where no key fits or it was tampered with.
        """
        if not sealed.startswith(MAGIC):
            return sealed
        if not self._keys:
            raise PzdeclError(
                f"{what} is encrypted, and no key was given",
                hint="name the key: state.encryption in pzdecl.yaml, or --key-env or --key-file for a file",
            )
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        body = sealed[len(MAGIC) :]
        for key in self._keys:
            try:
                return AESGCM(key).decrypt(body[:_NONCE], body[_NONCE:], name.encode())
            except (InvalidTag, ValueError):
                continue
        raise PzdeclError(
            f"{what} can't be decrypted: it was encrypted with another key, or changed since",
            hint="give the key that it was written with; former keys may stand on lines below the present one",
        )


def sealer(
    key_env: str | None = None, key_file: Path | None = None, process: Mapping[str, str] | None = None
) -> Sealer:
    """The keys in an environment variable or a file, one a line; none where neither is named.

    Raises PzdeclError where they can't be read or are no keys, MissingExtra without cryptography.
    """
    if key_env is not None:
        text = (os.environ if process is None else process).get(key_env, "")
        source = f"the environment variable {key_env}"
        if not text.strip():
            raise PzdeclError(f"{source} holds no key for the state", hint=f"set it to {_HOW}")
    elif key_file is not None:
        source = f"the key file {key_file}"
        try:
            text = key_file.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            raise PzdeclError(f"{source} can't be read: {why}", hint=f"a key is {_HOW}") from None
    else:
        return Sealer()
    keys = tuple(_key(line, source) for line in text.replace(",", "\n").split())
    if not keys:
        raise PzdeclError(f"{source} holds no key", hint=f"a key is {_HOW}")
    return Sealer(keys)


def _key(text: str, source: str) -> bytes:
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise PzdeclError(f"{source} holds something that is no key", hint=f"a key is {_HOW}")
    return key
