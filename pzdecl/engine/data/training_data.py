"""All that a training reads: events, and what is known of items and users, under one coding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pzdecl.engine.data.actions import Actions, action_users, load_actions
from pzdecl.engine.data.event_parameters import ByType
from pzdecl.engine.data.interactions import Interactions, load_interactions
from pzdecl.engine.data.tables import Table, read_parts, side_table

Columns = Mapping[str, Sequence[str]]
"""Names of columns by dataset type."""


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Events, and side tables in the order of their `item_ids` and `user_ids`; None without the dataset.

    Actions are there only for recipes that recommend them.
    """

    interactions: Interactions
    items: Table | None = None
    users: Table | None = None
    actions: Actions | None = None

    def with_interactions(self, interactions: Interactions) -> TrainingData:
        """The same tables beside a selection of the events."""
        return replace(self, interactions=interactions)


def load_training_data(
    datasets: Mapping[str, Sequence[Path]],
    *,
    event_type: str | None = None,
    event_value_threshold: float | None = None,
    by_type: ByType | None = None,
    excluded: Columns | None = None,
    whole_catalogue: bool = False,
    whole_audience: bool = False,
    actions: bool = False,
) -> TrainingData:
    """Reads Parquet parts by dataset type: INTERACTIONS, and perhaps ITEMS and USERS.

    by_type          which types of events an eventsConfig takes
    excluded         columns to leave out (`trainingDataConfig`)
    whole_catalogue  whether items that only the Items dataset knows get codes, too
    whole_audience   whether users that only the Users dataset knows get codes, too
    actions          whether ACTIONS and ACTION_INTERACTIONS are read, too; their users get codes then
    """
    leave = excluded or {}
    items, users = read_parts(datasets.get("ITEMS", ())), read_parts(datasets.get("USERS", ()))
    more_items = items["ITEM_ID"].to_pylist() if whole_catalogue and items is not None else ()
    more_users = users["USER_ID"].to_pylist() if whole_audience and users is not None else ()
    acted = datasets.get("ACTION_INTERACTIONS", ()) if actions else ()
    if acted:
        more_users = [*more_users, *action_users(acted)]
    interactions = load_interactions(
        datasets.get("INTERACTIONS", ()),
        event_type=event_type,
        event_value_threshold=event_value_threshold,
        by_type=by_type,
        more_items=more_items,
        more_users=more_users,
        excluded=leave.get("INTERACTIONS", ()),
    )
    return TrainingData(
        interactions,
        None if items is None else side_table(items, "ITEM_ID", interactions.item_ids, leave.get("ITEMS", ())),
        None if users is None else side_table(users, "USER_ID", interactions.user_ids, leave.get("USERS", ())),
        load_actions(datasets.get("ACTIONS", ()), acted, interactions.user_ids, leave.get("ACTIONS", ()))
        if actions
        else None,
    )
