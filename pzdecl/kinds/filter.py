"""Filter: what recommendations leave out, or are taken from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import ArnOf, Call, Inputs, Kind, Operations, Spec
from pzdecl.kinds.names import Ref, resolve
from pzdecl.kinds.wire import with_tags

MAX_LENGTH = 2500


class FilterSpec(Spec):
    """A filter includes or excludes items (or users) by their data, or by what the user did."""

    dataset_group: Ref = Field(description="The dataset group whose data it looks at: a name, or an ARN.")
    filter_expression: Annotated[str, StringConstraints(min_length=1, max_length=MAX_LENGTH)] = Field(
        description="What it lets through, in the service's language.",
        examples=[
            'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("purchase")',
            "INCLUDE ItemID WHERE Items.GENRES IN ($GENRES) AND Items.YEAR >= 1990",
        ],
    )


class Filter(Kind):
    """Row of facts for filters. They can't be changed: another expression is another filter."""

    name = "Filter"
    spec = FilterSpec
    refers_to: ClassVar[Mapping[str, str]] = {"datasetGroup": "DatasetGroup"}
    operations = Operations(
        create="create_filter",
        describe="describe_filter",
        list="list_filters",
        delete="delete_filter",
        describe_key="filter",
        list_key="Filters",
        arn_key="filterArn",
    )

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetGroupArn": resolve("DatasetGroup", inputs["datasetGroup"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"filter/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = {
            "name": name,
            "datasetGroupArn": bindings["datasetGroupArn"],
            "filterExpression": inputs["filterExpression"],
        }
        return Call(self.operations.create, with_tags(params, tags))
