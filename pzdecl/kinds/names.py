"""Names and ARNs: the API's patterns, and what can be read from an ARN."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import ArnOf, is_arn

NAME_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*$"
NAME_LENGTH = 63
MAX_INTEGER = 2**31 - 1
"""The largest of the API's integers, which have 32 bits."""
ROLE_ARN_PATTERN = r"^arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$"
KMS_ARN_PATTERN = r"^arn:aws.*:kms:.*:[0-9]{12}:key/.*$"
ARN = re.compile(r"arn:[a-z\d-]+:personalize:[^:]*:[^:]*:(?P<tail>.+)")

ARN_PREFIXES = {
    "DatasetGroup": "dataset-group/",
    "Schema": "schema/",
    "Dataset": "dataset/",
    "Solution": "solution/",
    "Filter": "filter/",
}
"""How the tail of a kind's ARN begins, for the kinds that may be referred to by ARN."""

RoleArn = Annotated[
    str,
    StringConstraints(max_length=256, pattern=ROLE_ARN_PATTERN),
    Field(examples=["arn:aws:iam::123456789012:role/personalize"]),
]
Ref = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""A name of another resource of the project, or the ARN of one that is not managed here."""


def resolve(kind: str, text: str, arn_of: ArnOf) -> Any:
    """The ARN behind a reference: itself, or that of the resource it names."""
    return text if is_arn(text) else arn_of(Address(kind, text))


def tail(arn: Any) -> str | None:
    """An ARN's part after the account (`solution/movies`); None for a placeholder."""
    match = ARN.fullmatch(arn) if isinstance(arn, str) else None
    return match["tail"] if match else None


def numbered(name: str, digest: str) -> str:
    """`NAME-<8 hex>`, cut to the API's length: the name of a replacement or of a job's run."""
    return f"{name[: NAME_LENGTH - 9]}-{digest[:8]}"
