"""`state:` of the project file and of its environments: what the state is kept in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from pzdecl.errors import Position, nearest
from pzdecl.kinds.base import Spec
from pzdecl.manifests.model import StateSettings
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report

URL = "PZDECL_STATE_URL"
_SCHEMA_BYTES = 63
"""PostgreSQL cuts longer names."""


class EncryptionSpec(Spec):
    """Where the key is: 32 bytes in base64, one key a line. The first encrypts, all of them decrypt."""

    key_env: str | None = Field(
        None, min_length=1, description="The environment variable with the key.", examples=["PZDECL_STATE_KEY"]
    )
    key_file: str | None = Field(
        None, min_length=1, description="The file with the key, relative to the project."
    )


class StateSpec(Spec):
    """What the state is kept in."""

    type: Literal["file", "s3", "postgres"] = Field(
        "file", description="A file on this machine, Amazon S3, or PostgreSQL."
    )
    path: str | None = Field(None, min_length=1, description="file: the file, relative to the project.")
    bucket: str | None = Field(None, min_length=3, max_length=255, description="s3: the bucket.")
    key: str | None = Field(
        None,
        min_length=1,
        max_length=900,
        description="s3: what the keys of its objects begin with; pzdecl/PROJECT/ENVIRONMENT unless set.",
        examples=["recommenders/movies"],
    )
    region: str | None = Field(None, min_length=1, description="s3: the bucket's region.")
    profile: str | None = Field(
        None, min_length=1, description="s3: a profile of the shared AWS configuration."
    )
    endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="s3: another address of the service; it has to know conditional writes.",
    )
    kms_key: str | None = Field(
        None, min_length=1, description="s3: the KMS key that the service encrypts the objects with."
    )
    encryption: EncryptionSpec | None = Field(
        None, description="s3: encrypts the objects before they are sent, with a key of your own."
    )
    url: str | None = Field(
        None,
        min_length=1,
        description=f"postgres: the database, as libpq writes it; unless set, {URL} or the variables of "
        "libpq (PGHOST, PGSERVICE, ...). Passwords: PGPASSWORD, a password file or a sensitive variable.",
        examples=["postgresql://pzdecl@db.example.org/terraform"],
    )
    schema_: str | None = Field(
        None,
        alias="schema",
        min_length=1,
        description="postgres: the schema of its tables; pzdecl/PROJECT/ENVIRONMENT unless set.",
    )


_FIELDS = {
    "file": ("path",),
    "s3": ("bucket", "key", "region", "profile", "endpoint", "kmsKey", "encryption"),
    "postgres": ("url", "schema"),
}
_Block = tuple[tuple[str, ...], Any]
"""Where a `state:` stands in the project file, and its value."""


def check_sharing(raw: Mapping[str, Any], positions: Positions, report: Report) -> None:
    """One state for several environments is never meant. A name with a variable in it may differ."""
    environments = raw.get("environments")
    if not isinstance(environments, dict):
        return
    users: dict[tuple[str, ...], list[tuple[str, tuple[str, ...]]]] = {}
    for name, block in environments.items():
        own = block.get("state") if isinstance(block, dict) else None
        block_place = ("environments", name, "state") if own else ("state",)
        what = _identity(own or raw.get("state"))
        if what is not None:
            users.setdefault(what, []).append((name, block_place))
    for what, sharing in users.items():
        inherits = [name for name, place in sharing if place == ("state",)]
        if len(sharing) < 2 and not inherits:
            continue
        names = inherits or [name for name, _ in sharing]
        place: tuple[str, ...] = ("state",) if inherits else sharing[-1][1]
        kind, *identity = what
        named = f"the state file {identity[0]}" if kind == "file" else f"the {kind} state {identity[-1]}"
        report.add(
            "PZ0009",
            f"{' and '.join(names)} would share {named}",
            positions.nearest(place),
            field=".".join(place),
            expected="a state file for each environment" if kind == "file" else "a state for each environment",
            hint="remove this line, or write state: under each environment",
        )


def _identity(state: Any) -> tuple[str, ...] | None:
    """What tells this state from others, as it is written; None where that follows from the environment."""
    if isinstance(state, str):
        state = {"type": "file", "path": state}
    if not isinstance(state, dict):
        return None
    kind = state.get("type", "file")
    fields = {"file": ("path",), "s3": ("bucket", "key"), "postgres": ("url", "schema")}.get(kind)
    if fields is None or not isinstance(state.get(fields[-1]), str):
        return None
    found = tuple(str(state.get(field)) for field in fields)
    return None if any("${" in text for text in found) else (kind, *found)


def check(raw: Mapping[str, Any], value: Mapping[str, Any], positions: Positions, report: Report) -> None:
    """Whether each `state:` has the fields that its type needs, and no other's.

    `raw` is the document as it is written, `value` with its variables filled in.
    """
    for place, state in _blocks(value):
        kind = state.get("type", "file")
        if kind not in _FIELDS:
            continue  # told already
        allowed = (*_FIELDS[kind], "type")
        for field in state:
            owner = next((other for other, fields in _FIELDS.items() if field in fields), None)
            if owner is not None and field not in allowed:
                report.add(
                    "PZ3001",
                    f"a state of type {kind} has no field {field}",
                    positions.nearest((*place, field), on_key=True),
                    field=".".join((*place, field)),
                    expected=", ".join(allowed),
                    suggestion=nearest(field, allowed),
                    hint=f"{field} belongs to type: {owner}",
                )
        if kind == "s3" and "bucket" not in state:
            report.add(
                "PZ3002",
                "bucket is missing",
                positions.nearest(place),
                field=".".join((*place, "bucket")),
                expected="the name of a bucket",
            )
        schema = state.get("schema")
        if kind == "postgres" and isinstance(schema, str) and not _fits(schema):
            _bad_schema(schema, positions.nearest((*place, "schema")), report)
        encryption = state.get("encryption")
        if (
            isinstance(encryption, dict)
            and len([key for key in encryption if key in ("keyEnv", "keyFile")]) != 1
        ):
            report.add(
                "PZ3002",
                "encryption names no key" if not encryption else "encryption names two keys",
                positions.nearest((*place, "encryption")),
                field=".".join((*place, "encryption")),
                expected="either keyEnv or keyFile",
            )
    for place, state in _blocks(raw):
        url = state.get("url")
        if isinstance(url, str) and "${" not in url and _password(url):
            report.add(
                "PZ0011",
                "the project file holds a database's password",
                positions.nearest((*place, "url")),
                field=".".join((*place, "url")),
                expected="an address without a password",
                hint="use PGPASSWORD, a password file (~/.pgpass), or a variable with sensitive: true",
                warning=True,
            )


def _fits(schema: str) -> bool:
    return len(schema.encode()) <= _SCHEMA_BYTES and not schema.startswith("pg_")


def _bad_schema(schema: str, at: Position, report: Report) -> None:
    report.add(
        "PZ3006",
        f"the schema {schema} cannot be one of PostgreSQL's",
        at,
        field="state.schema",
        expected=f"at most {_SCHEMA_BYTES} bytes, not beginning with pg_",
        hint="name one with schema:",
    )


def _blocks(value: Mapping[str, Any]) -> Iterator[_Block]:
    environments = value.get("environments")
    places: list[tuple[tuple[str, ...], Any]] = [(("state",), value.get("state"))]
    for name, block in environments.items() if isinstance(environments, dict) else ():
        if isinstance(block, dict):
            places.append((("environments", name, "state"), block.get("state")))
    for place, state in places:
        if isinstance(state, dict):
            yield place, state


def _password(url: str) -> bool:
    try:
        return bool(urlsplit(url).password) or "password=" in url
    except ValueError:
        return False


def settings(
    root: Path,
    given: str | StateSpec | None,
    project: str,
    environment: str,
    positions: Positions,
    report: Report,
) -> StateSettings:
    """What the state of an environment is kept in."""
    if given is None or isinstance(given, str):
        return StateSettings(path=root / (given or f".pzdecl/state/{environment}.db"))
    own = f"pzdecl/{quote(project, safe='')}/{quote(environment, safe='')}"
    match given.type:
        case "file":
            return StateSettings(path=root / (given.path or f".pzdecl/state/{environment}.db"))
        case "postgres":
            schema = given.schema_ or own
            if given.schema_ is None and not _fits(schema):
                own_block = ("environments", environment, "state")
                place = own_block if positions.node(own_block) is not None else ("state",)
                _bad_schema(schema, positions.nearest(place), report)
            return StateSettings("postgres", url=given.url or os.environ.get(URL) or None, schema=schema)
        case "s3":
            encryption = given.encryption or EncryptionSpec()
            return StateSettings(
                "s3",
                bucket=given.bucket,
                key=(given.key or own).strip("/"),
                region=given.region,
                profile=given.profile,
                endpoint=given.endpoint,
                kms_key=given.kms_key,
                key_env=encryption.key_env,
                key_file=root / encryption.key_file if encryption.key_file else None,
            )
