"""The model that serves a version now: as trained, or as updated between trainings, or with newer events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pzdecl.engine.api.operation import Context
from pzdecl.engine.events import log
from pzdecl.engine.events.recent import interactions, trained_on, trained_through
from pzdecl.engine.store.rows import Resource

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def live_model(context: Context, version: Resource) -> Any:
    """The `ServedModel`. Raises OSError, ValueError or KeyError where its files are damaged or gone."""
    gone: str | None = ""
    while True:
        update = update_of(context, version.arn)
        try:
            model = context.models.get(version.arn, update)
            break
        except FileNotFoundError:
            if update == gone:
                raise
            gone = update  # a newer update may have taken this one's place meanwhile
    if not hasattr(model.answers, "refreshed"):
        return model

    def refresh() -> Any:
        return model.answers.refreshed(*_everybodys(context, version, model))

    return context.models.refreshed(model, context.clock(), refresh)


def update_of(context: Context, version_arn: str) -> str | None:
    """The name of the file with the newest update of a version's model; None without one."""
    with context.store.read() as reader:
        rows = reader.query("SELECT file FROM updates WHERE version = ?", (version_arn,))
    return rows[0][0] if rows else None


def _everybodys(context: Context, version: Resource, model: Any) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Codes and times of all events since the training that count for the solution."""
    import numpy as np

    dataset = interactions(version.body["datasetGroupArn"])
    with context.store.read() as reader:
        events = log.since(reader, dataset, trained_through(version))
    taken = [event for event in events if trained_on(event, version.body)]
    found = {item: model.item_ids.find(item) for item in {event.item for event in taken}}
    codes = {item: -1 if code is None else code for item, code in found.items()}
    items = np.array([codes[event.item] for event in taken], np.int32)
    return items, np.array([event.at for event in taken], np.int64)
