"""TagResource, UntagResource, ListTagsForResource."""

from __future__ import annotations

from pzdecl.engine.api.common import MAX_TAGS, tag_map
from pzdecl.engine.api.families import TAGGABLE
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import (
    InvalidInputException,
    ResourceNotFoundException,
    TooManyTagKeysException,
    TooManyTagsException,
)
from pzdecl.engine.store.rows import Reader


@operation("TagResource")
def tag_resource(context: Context, params: Params) -> Result:
    """Adds tags, and gives those that are there already their new values."""
    arn, new = params["resourceArn"], tag_map(params["tags"])
    with context.store.write() as tx:
        _taggable(tx, arn)
        total = len(tx.tags(arn) | new)
        if total > MAX_TAGS:
            raise TooManyTagsException(f"{arn} would have {total} tags; a resource can have {MAX_TAGS}")
        tx.put_tags(arn, new)
    return {}


@operation("UntagResource")
def untag_resource(context: Context, params: Params) -> Result:
    """Removes tags; keys that the resource doesn't have are passed over."""
    arn, keys = params["resourceArn"], params["tagKeys"]
    if len(keys) > MAX_TAGS:
        raise TooManyTagKeysException(
            f"{len(keys)} tag keys are given; at most {MAX_TAGS} can be removed at once"
        )
    with context.store.write() as tx:
        _taggable(tx, arn)
        tx.remove_tags(arn, keys)
    return {}


@operation("ListTagsForResource")
def list_tags_for_resource(context: Context, params: Params) -> Result:
    """All tags, sorted by key."""
    arn = params["resourceArn"]
    with context.store.read() as reader:
        _taggable(reader, arn)
        tags = reader.tags(arn)
    return {"tags": [{"tagKey": key, "tagValue": value} for key, value in tags.items()]}


def _taggable(reader: Reader, arn: str) -> None:
    found = reader.get(arn)
    if found is None:
        raise ResourceNotFoundException(f"The given resource does not exist: {arn}")
    if found.type not in TAGGABLE:
        raise InvalidInputException(f"A {found.type.replace('-', ' ')} can't have tags: {arn}")
