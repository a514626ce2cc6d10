"""EventTracker: where live events of a dataset group come in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from pzdecl.kinds.base import ArnOf, Call, Inputs, Kind, Operations, Spec
from pzdecl.kinds.listing import items
from pzdecl.kinds.names import Ref, resolve
from pzdecl.kinds.wire import with_tags
from pzdecl.providers.client import ReadClient


class EventTrackerSpec(Spec):
    """An event tracker takes in live events. A group has at most one."""

    dataset_group: Ref = Field(description="The dataset group whose events it takes: a name, or an ARN.")


class EventTracker(Kind):
    """Row of facts for event trackers. The service chooses the ARN and the tracking id."""

    name = "EventTracker"
    spec = EventTrackerSpec
    refers_to: ClassVar[Mapping[str, str]] = {"datasetGroup": "DatasetGroup"}
    operations = Operations(
        create="create_event_tracker",
        describe="describe_event_tracker",
        list="list_event_trackers",
        delete="delete_event_tracker",
        describe_key="eventTracker",
        list_key="eventTrackers",
        arn_key="eventTrackerArn",
    )
    holds_data = True
    one_per_parent = True

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetGroupArn": resolve("DatasetGroup", inputs["datasetGroup"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> None:
        return None

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = {"name": name, "datasetGroupArn": bindings["datasetGroupArn"]}
        return Call(self.operations.create, with_tags(params, tags))

    def attributes(self, description: Mapping[str, Any]) -> dict[str, Any]:
        return {"trackingId": description["trackingId"]} if description.get("trackingId") else {}

    def find(self, client: ReadClient, name: str, bindings: Inputs) -> str | None:
        for tracker in items(client, self.operations, datasetGroupArn=bindings["datasetGroupArn"]):
            if tracker.get("name") == name and not str(tracker.get("status", "")).startswith("DELETE"):
                return str(tracker["eventTrackerArn"])
        return None
