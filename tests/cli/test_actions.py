"""Next best actions from manifests to the answer: planned, applied, asked, told what users did, measured."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")

NOW = int(time.time())
DAY = 24 * 60 * 60
FIELDS = {
    "Actions": "{name: ACTION_ID, type: string}, {name: VALUE, type: long}",
    "ActionInteractions": "{name: USER_ID, type: string}, {name: ACTION_ID, type: string}, "
    "{name: EVENT_TYPE, type: string}, {name: TIMESTAMP, type: long}",
}
DATASET = """\
apiVersion: pzdecl/v1
kind: Schema
metadata: {{name: {name}}}
spec:
  schema:
    type: record
    name: {record}
    namespace: com.amazonaws.personalize.schema
    version: "1.0"
    fields: [{fields}]
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {{name: {name}}}
spec: {{datasetGroup: shop, datasetType: {type}, schema: {name}}}
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {{name: {name}}}
spec: {{dataset: {name}, dataSource: {{dataLocation: {name}.csv}}}}
---
"""
REST = """\
apiVersion: pzdecl/v1
kind: Filter
metadata: {name: worthy}
spec: {datasetGroup: shop, filterExpression: INCLUDE ActionID WHERE Actions.VALUE > 5}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: shop-next}
spec:
  datasetGroup: shop
  recipe: aws-next-best-action
  solutionConfig: {featureTransformationParameters: {action_optimization_period: 7}}
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-next}
spec: {solution: shop-next, gates: [{metric: auc, min: 0.1}]}
"""


def ask(cli: Cli, root: Path, *options: str) -> dict[str, float]:
    answer = cli("-C", root, "recommend", "shop-next", *options, "--format", "json")
    assert answer.code == 0, answer.err
    return {one["actionId"]: one["score"] for one in json.loads(answer.out)["actionList"]}


def test_from_manifests_to_actions(cli: Cli, starter: Path) -> None:
    parts = [
        DATASET.format(name="acts", record="Actions", type="Actions", fields=FIELDS["Actions"]),
        DATASET.format(
            name="acted",
            record="ActionInteractions",
            type="Action_Interactions",
            fields=FIELDS["ActionInteractions"],
        ),
    ]
    (starter / "actions.yaml").write_text("".join(parts) + REST)
    (starter / "acts.csv").write_text("ACTION_ID,VALUE\njoin,9\ninstall,2\n")
    rows = [
        f"user-{n},{action},{'Taken' if (n + place) % 2 else 'Viewed'},{NOW - (30 - 9 * step) * DAY}"
        for n in range(1, 61)
        for place, action in enumerate(("join", "install"))
        for step in range(3)
    ]
    header = "USER_ID,ACTION_ID,EVENT_TYPE,TIMESTAMP"
    (starter / "acted.csv").write_text(
        "\n".join([header, *rows[:-1], rows[-1].replace("Taken", "Seen")]) + "\n"
    )
    refused = cli("-C", starter, "apply", "--auto-approve")
    assert refused.code == 1
    assert "EVENT_TYPE is 'Seen'" in refused.out + refused.err

    (starter / "acted.csv").write_text("\n".join([header, *rows]) + "\n")
    done = cli("-C", starter, "apply", "--auto-approve")
    assert done.code == 0, done.err
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0

    first = ask(cli, starter, "user-1")
    assert first["join"] > 0.5
    assert first["install"] < 0.5
    assert next(iter(ask(cli, starter, "user-2"))) == "install"
    assert set(ask(cli, starter, "user-1", "--filter", "worthy")) == {"join"}
    shown = cli("-C", starter, "recommend", "shop-next", "user-1")
    assert shown.out.split()[:3] == ["rank", "action", "score"]

    events = starter / "new.jsonl"
    lines = [
        {"userId": "user-1", "actionId": "install", "eventType": "Taken", "timestamp": NOW},
        {"userId": "user-1"},
    ]
    events.write_text("\n".join(map(json.dumps, lines)) + "\n")
    put = cli("-C", starter, "events", "put", "Dataset/acted", str(events))
    assert put.code == 1
    assert "1 event put; 1 line refused" in put.out
    assert ask(cli, starter, "user-1") != first

    no_tracker = cli("-C", starter, "events", "put", "Dataset/acts", str(events))
    assert no_tracker.code == 1
    assert "Dataset/acts takes no events" in no_tracker.err
    by_item = cli("-C", starter, "recommend", "shop-next", "user-1", "--item", "item-1")
    assert by_item.code == 64
    assert "recommends actions: --item is for items" in by_item.err

    metrics = cli("-C", starter, "metrics", "--format", "json")
    measured = {one["solution"]: one["metrics"] for one in json.loads(metrics.out)["versions"]}
    assert {"auc", "coverage", "precision", "recall"} == set(measured["shop-next"])
    assert cli("-C", starter, "metrics", "--compare").code == 0
