"""What the families of operations share: looking things up, creating, describing, listing."""

from __future__ import annotations

import base64
import contextlib
import datetime
import hashlib
import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from pzdecl.engine.api import quotas
from pzdecl.engine.api.model import members
from pzdecl.engine.api.operation import Context, Params, Result
from pzdecl.engine.errors import (
    InvalidInputException,
    InvalidNextTokenException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    TooManyTagsException,
)
from pzdecl.engine.store.rows import Reader, Resource, Writer

DEFAULT_PAGE = 100
MAX_TAGS = 50
_TOKEN = re.compile(r"([0-9a-f]{16}):([0-9]{1,18})", re.ASCII)
PENDING, IN_PROGRESS, ACTIVE, FAILED = "CREATE PENDING", "CREATE IN_PROGRESS", "ACTIVE", "CREATE FAILED"
STOPPING, STOPPED = "CREATE STOPPING", "CREATE STOPPED"


class Family(NamedTuple):
    """How a type of resource is called in the API's texts, keys and shapes."""

    type: str
    words: str
    shape: str
    key: str
    arn_key: str
    list_key: str


def find(reader: Reader, family: Family, arn: str) -> Resource:
    """Raises ResourceNotFoundException where there is no resource of that type with this ARN."""
    found = reader.get(arn)
    if found is None or found.type != family.type:
        raise ResourceNotFoundException(f"The given {family.words} does not exist: {arn}")
    return found


def create(
    tx: Writer, family: Family, resource: Resource, tags: Sequence[Mapping[str, str]] | None = None
) -> None:
    """Inserts a new resource with its tags.

    Raises ResourceAlreadyExistsException where the name is taken, LimitExceededException where a quota that is
    in force is used up.
    """
    try:
        tx.insert(resource, tag_map(tags))
    except sqlite3.IntegrityError:
        if tx.get(resource.arn) is not None:
            message = f"Another resource with Amazon resource name (ARN) {resource.arn} already exists."
        else:
            taken = tx.named(resource.type, resource.name)
            where = f": {taken.arn}" if taken else ""
            message = f"Another {family.words} named {resource.name} already exists{where}"
        raise ResourceAlreadyExistsException(message) from None
    quotas.check(tx, resource, family.words)


def describe(context: Context, family: Family, arn: str) -> Result:
    """The result of a Describe operation. Raises ResourceNotFoundException."""
    with context.store.read() as reader:
        return {family.key: view(family, find(reader, family, arn))}


def view(family: Family, resource: Resource, shape: str | None = None) -> dict[str, Any]:
    """A resource as the API shows it, limited to the members of `shape` (the family's own unless given)."""
    shown = {
        **resource.body,
        "status": resource.status,
        "creationDateTime": moment(resource.created),
        "lastUpdatedDateTime": moment(resource.updated),
    }
    return {name: _dated(shown[name]) for name in members(shape or family.shape) if name in shown}


def listing(context: Context, family: Family, params: Params, parent: str | None, shape: str) -> Result:
    """One page of summaries, oldest first, and a `nextToken` where more follow."""
    after = read_token(params.get("nextToken"), family.type, parent)
    with context.store.read() as reader:
        found, more = reader.page(family.type, parent, after, params.get("maxResults", DEFAULT_PAGE))
    result: Result = {family.list_key: [view(family, resource, shape) for resource in found]}
    if more is not None:
        result["nextToken"] = write_token(more, family.type, parent)
    return result


def moment(seconds: float) -> datetime.datetime:
    """Epoch seconds as an aware time in UTC."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC)


def tag_map(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """The request's list of tags as a map. Raises InvalidInputException and TooManyTagsException."""
    if not tags:
        return {}
    found: dict[str, str] = {}
    for tag in tags:
        key = tag["tagKey"]
        if key in found:
            raise InvalidInputException(f"The tag key {key} is given more than once")
        if key.lower().startswith("aws:"):
            raise InvalidInputException(f"The tag key {key} begins with aws:, which is reserved")
        found[key] = tag["tagValue"]
    if len(found) > MAX_TAGS:
        raise TooManyTagsException(f"{len(found)} tags are given; a resource can have {MAX_TAGS}")
    return found


def given(params: Params, *names: str) -> dict[str, Any]:
    """Those of the named parameters that the request has."""
    return {name: params[name] for name in names if name in params}


def _dated(value: Any) -> Any:
    """Turns the times inside a stored structure (`latestCampaignUpdate`) into datetimes."""
    if isinstance(value, dict) and "creationDateTime" in value:
        return {
            key: moment(inner) if key in {"creationDateTime", "lastUpdatedDateTime"} else inner
            for key, inner in value.items()
        }
    return value


def write_token(after: int, *of: str | None) -> str:
    """The token with which a list goes on after a place. `of` says which list it is: what, and of whom."""
    return base64.urlsafe_b64encode(f"{_digest(of)}:{after}".encode()).decode()


def read_token(token: str | None, *of: str | None) -> int:
    """The place after which a list goes on; 0 without a token.

    Raises InvalidNextTokenException for what `write_token` did not give for this very list.
    """
    if token is None:
        return 0
    with contextlib.suppress(ValueError):  # binascii's and Unicode's errors are such, too
        found = _TOKEN.fullmatch(base64.b64decode(token, altchars=b"-_", validate=True).decode())
        if found and found[1] == _digest(of):
            return int(found[2])
    raise InvalidNextTokenException(
        f"The token {token!r} was not given by this operation, with the same parameters: "
        "leave it out to start from the first page"
    )


def _digest(of: Sequence[str | None]) -> str:
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()[:16]
