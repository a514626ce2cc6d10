"""What filters read of dataset groups, made ready once and kept while it is current."""

from __future__ import annotations

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pzdecl.engine.data.parts import KEYS
from pzdecl.engine.data.schema import Column, columns
from pzdecl.engine.errors import UnavailableException
from pzdecl.engine.events import log, puts
from pzdecl.engine.filters.history import Event, merged
from pzdecl.engine.filters.syntax import CURRENT_ITEM, CURRENT_USER, EVENTS, Expression
from pzdecl.engine.locks import Locks
from pzdecl.engine.store.rows import Reader, Resource
from pzdecl.engine.store.store import Store

if TYPE_CHECKING:
    from pzdecl.engine.filters.evaluate import Catalogue, Known
    from pzdecl.engine.filters.history import History
    from pzdecl.engine.filters.table import Table
    from pzdecl.engine.serving.files import Ids
    from pzdecl.engine.serving.update import MoreIds

T = TypeVar("T")
KEPT = 16
"""Datasets, and catalogues of models, that are kept ready; the one that was used longest ago goes first."""
PATIENCE = 20.0
"""Rows that are put one by one are taken in when so many times as long has passed as taking them in takes."""


def group_columns(reader: Reader, group: str) -> dict[str, Sequence[Column] | None]:
    """The columns of each dataset of a group, by type."""
    found: dict[str, Sequence[Column] | None] = {}
    for dataset in reader.children("dataset", group):
        schema = reader.get(dataset.body["schemaArn"])
        found[dataset.body["datasetType"]] = columns(json.loads(schema.body["schema"])) if schema else None
    return found


class Sources:
    """A small cache, safe to use from several threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._reading = Locks()
        self._tables: OrderedDict[str, tuple[Any, Any, float, float, Table]] = OrderedDict()
        self._histories: OrderedDict[str, tuple[Any, History]] = OrderedDict()
        self._catalogues: OrderedDict[str, tuple[Any, Catalogue]] = OrderedDict()

    def known(
        self, store: Store, group: str, expression: Expression, user: str | None, item: str | None
    ) -> Known:
        """What an expression asks for, of a dataset group, a user and an item.

        Raises UnavailableException where the data can't be read, as `table` does.
        """
        from pzdecl.engine.filters.evaluate import Known

        def look(reader: Reader) -> Known:
            datasets = {one.body["datasetType"]: one for one in reader.children("dataset", group)}
            tables: dict[str, Table] = {}
            for type, names in (
                ("ITEMS", ("ITEMS", CURRENT_ITEM)),
                ("USERS", ("USERS", CURRENT_USER)),
                ("ACTIONS", ("ACTIONS",)),
            ):
                if expression.uses(*names) and type in datasets:
                    tables[type] = self._table(reader, datasets[type])
            history: History | None = None
            later: Mapping[str, frozenset[str]] = {}
            about_actions = expression.uses("ACTION_INTERACTIONS")
            events = "ACTION_INTERACTIONS" if about_actions else "INTERACTIONS"
            if expression.uses(*EVENTS) and events in datasets:
                dataset = datasets[events].arn
                history = self._history(reader, dataset, about_actions)
                rows = log.of_user(reader, dataset, user, 0) if user else ()
                later = merged((Event(row.item, row.type) for row in rows), about_actions)
            return Known(tables, history, user, item, later)

        return self._read(store, group, look)

    def table(self, store: Store, group: str, type: str) -> Table | None:
        """The Items or Users of a group; None without such a dataset."""

        def look(reader: Reader) -> Table | None:
            datasets = reader.children("dataset", group)
            return next((self._table(reader, one) for one in datasets if one.body["datasetType"] == type), None)

        return self._read(store, group, look)

    def catalogue(self, version: str, ids: Ids | MoreIds) -> Catalogue:
        """The things that a solution version's model knows, items or users."""
        from pzdecl.engine.filters.evaluate import Catalogue
        from pzdecl.engine.filters.ids import index_of

        with self._lock:
            kept = self._catalogues.get(version)
            if kept is None or kept[0] is not ids:
                kept = (ids, Catalogue(index_of(ids)))
            _keep(self._catalogues, version, kept)
            return kept[1]

    def _read(self, store: Store, group: str, look: Callable[[Reader], T]) -> T:
        """Looks in one transaction; again in another where a file was replaced before it was read.

        A later transaction names no file that was removed before it began: one that is missing twice is lost.
        """
        missing = ""
        while True:
            try:
                with store.read() as reader:
                    return look(reader)
            except (OSError, ValueError) as error:  # pyarrow's, of damaged files, are such
                if isinstance(error, FileNotFoundError) and str(error) != missing:
                    missing = str(error)
                    continue
                raise UnavailableException(
                    f"The data of {group} can't be read ({error}): import it again"
                ) from error

    def _table(self, reader: Reader, dataset: Resource) -> Table:
        from pzdecl.engine.filters.table import Table

        paths = [part.path for part in reader.parts(dataset.arn)]
        schema = str(dataset.body["schemaArn"])
        forgotten = dataset.body.get("_erased")  # users whose data was deleted go at once
        bulk, put = (tuple(paths), schema, dataset.created, forgotten), puts.newest(reader, dataset.arn)
        with self._reading.held(dataset.arn):
            now = time.monotonic()
            with self._lock:
                kept = self._tables.get(dataset.arn)
                if kept is not None and kept[0] == bulk:
                    _, known, made, took, table = kept
                    patience = 0.0 if dataset.body["datasetType"] == "ACTIONS" else PATIENCE  # they are few
                    if known == put or now - made < patience * took:
                        _keep(self._tables, dataset.arn, kept)
                        return table
            described = reader.get(schema)
            fields = columns(json.loads(described.body["schema"])) if described else []
            key = KEYS[dataset.body["datasetType"]]
            more = [{key: id, **values} for id, values in puts.counting(reader, dataset.arn)] if put else []
            table = Table.read([self._folder / path for path in paths], key, fields, more)
            made = time.monotonic()
            with self._lock:
                _keep(self._tables, dataset.arn, (bulk, put, made, made - now, table))
            return table

    def _history(self, reader: Reader, dataset: str, about_actions: bool) -> History:
        from pzdecl.engine.filters.history import History

        paths = tuple(part.path for part in reader.parts(dataset))
        with self._reading.held(dataset):
            with self._lock:
                kept = self._histories.get(dataset)
            if kept is None or kept[0] != paths:
                kept = (paths, History.read([self._folder / path for path in paths], about_actions))
            with self._lock:
                _keep(self._histories, dataset, kept)
            return kept[1]


def _keep(cache: OrderedDict[str, T], key: str, value: T) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > KEPT:
        cache.popitem(last=False)
