"""Reading the API's lists, page after page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pzdecl.kinds.base import Operations
from pzdecl.providers.client import ReadClient


def items(client: ReadClient, operations: Operations, **params: Any) -> Iterator[Mapping[str, Any]]:
    """Every element of a list operation. Raises ServiceError."""
    token: str | None = None
    while True:
        page = client.read(operations.list, **params, **({"nextToken": token} if token else {}))
        yield from page.get(operations.list_key, ())
        token = page.get("nextToken")
        if not token:
            return
