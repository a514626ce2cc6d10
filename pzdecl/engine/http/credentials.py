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
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pzdecl.errors import PzdeclError

KEY_ID, SECRET = "aws_access_key_id", "aws_secret_access_key"
SECRET_MIN = 16
_KEY_ID = re.compile(r"[A-Za-z0-9._\-]{3,128}")


class CredentialsError(PzdeclError):
    """The file of keys can't be used."""


@dataclass(frozen=True, slots=True)
class Key:
    """An access key: who it belongs to, and the secret that it signs with."""

    id: str
    client: str
    secret: str = field(repr=False)


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
