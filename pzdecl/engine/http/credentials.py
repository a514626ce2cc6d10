"""The keys that clients sign with: a file in the format of AWS's shared credentials file.

::

    [shop-backend]
    aws_access_key_id = SHOPBACKEND
    aws_secret_access_key = at-least-sixteen-characters

One section a client; its name is what the access log shows. Clients can use the same file: boto3 and the aws
command read it by AWS_SHARED_CREDENTIALS_FILE and AWS_PROFILE.
"""

from __future__ import annotations

import configparser
import contextlib
import re
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pzdecl.errors import PzdeclError

KEY_ID, SECRET = "aws_access_key_id", "aws_secret_access_key"
SECRET_MIN = 16
LOOKED = 1.0
"""Seconds after which a file of keys is looked at again."""
_KEY_ID = re.compile(r"[A-Za-z0-9._\-]{3,128}")


class CredentialsError(PzdeclError):
    """The file of keys can't be used."""


@dataclass(frozen=True, slots=True)
class Key:
    """An access key: who it belongs to, and the secret that it signs with."""

    id: str
    client: str
    secret: str = field(repr=False)


class KeyFile:
    """The keys of a file by their ids, read again when the file has changed.

    So a key that was taken out of the file is refused LOOKED seconds later, without a restart. While the file
    can't be used, half written say, the keys from before stay in force, and `tell` is given the reason once.

    Raises CredentialsError where the file can't be used to begin with.
    """

    def __init__(
        self, path: Path, tell: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._tell = tell
        self._clock = clock
        self._looked = clock()
        self._stamp = self._now()
        self._keys = read_credentials(path)

    def get(self, id: str) -> Key | None:
        """The key with an id, if it is in the file."""
        if self._clock() - self._looked >= LOOKED:
            self._looked = self._clock()
            self._look()
        return self._keys.get(id)

    def _look(self) -> None:
        stamp = self._now()
        if stamp == self._stamp:
            return
        self._stamp = stamp  # taken before reading: what is written meanwhile is read the next time
        try:
            self._keys = read_credentials(self._path)
        except CredentialsError as error:
            hint = f"; {error.hint}" if error.hint else ""
            told = f"warning: the keys from before stay in force: {error.message}{hint}"
        else:
            count = len(self._keys)
            told = f"read {count} key{'' if count == 1 else 's'} from {self._path}, which has changed"
        with contextlib.suppress(OSError, ValueError):  # whoever listened has gone
            self._tell(told)

    def _now(self) -> tuple[int, ...] | None:
        """What changes with the file; None where it is not there."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode


def read_credentials(path: Path) -> Mapping[str, Key]:
    """The keys of a file by their ids.

    Raises CredentialsError where the file can't be read, can be read by others than its owner, or says
    something else than the format above.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise CredentialsError(f"the credentials in {path} can't be read: {why}") from error
    if not stat.S_ISREG(mode):
        raise CredentialsError(f"{path} is not a file")
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialsError(
            f"{path} holds secrets, and its mode {stat.S_IMODE(mode):04o} lets others than its owner at it",
            hint=f"run chmod 600 {path}",
        )
    parser = configparser.ConfigParser(interpolation=None, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error as error:
        # The message may quote the line, which may be a secret: only the line's number is told.
        line = getattr(error, "lineno", None) or next((at for at, _ in getattr(error, "errors", ())), None)
        where = f"{path}:{line}" if line else str(path)
        raise CredentialsError(
            f"{where}: expected sections in brackets, each with {KEY_ID} = … and {SECRET} = …"
        ) from None
    keys: dict[str, Key] = {}
    for client in parser.sections():
        key = _key(path, client, dict(parser[client]))
        if key.id in keys:
            raise CredentialsError(f"{path}: [{keys[key.id].client}] and [{client}] have the same {KEY_ID}")
        keys[key.id] = key
    if not keys:
        raise CredentialsError(
            f"{path} names no client", hint=f"write a section in brackets with {KEY_ID} and {SECRET}"
        )
    return keys


def _key(path: Path, client: str, values: Mapping[str, str]) -> Key:
    missing = [name for name in (KEY_ID, SECRET) if not values.get(name)]
    if missing:
        raise CredentialsError(f"{path}: [{client}] has no {' and no '.join(missing)}")
    unknown = sorted(set(values) - {KEY_ID, SECRET})
    if unknown:
        raise CredentialsError(
            f"{path}: [{client}] has {', '.join(unknown)}, which means nothing here",
            hint=f"there are {KEY_ID} and {SECRET}",
        )
    if not _KEY_ID.fullmatch(values[KEY_ID]):
        raise CredentialsError(
            f"{path}: the {KEY_ID} of [{client}] can't be one: expected 3 to 128 letters, digits, ., _ and -"
        )
    if len(values[SECRET]) < SECRET_MIN:
        raise CredentialsError(
            f"{path}: the {SECRET} of [{client}] is too short: expected at least {SECRET_MIN} characters",
            hint="openssl rand -base64 30 makes one",
        )
    return Key(values[KEY_ID], client, values[SECRET])
