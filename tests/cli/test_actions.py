"""Next best actions from manifests to the answer: planned, applied, asked, told what users did, measured."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.shop import data, deployed, document, manifest, table

pytest.importorskip("torch")

NOW = int(time.time())
DAY = 24 * 60 * 60
ACTIONS = {"ACTION_ID": "string", "VALUE": "long"}
ACTED = {"USER_ID": "string", "ACTION_ID": "string", "EVENT_TYPE": "string", "TIMESTAMP": "long"}
MANIFESTS = manifest(
    data("acts", ACTIONS, type="Actions", file="acts.csv"),
    data("acted", ACTED, type="Action_Interactions", file="acted.csv"),
    document(
        "Filter", "worthy", "datasetGroup: shop, filterExpression: INCLUDE ActionID WHERE Actions.VALUE > 5"
    ),
    deployed(
        "shop-next",
        "aws-next-best-action",
        solution="solutionConfig: {featureTransformationParameters: {action_optimization_period: 7}}",
        campaign="gates: [{metric: auc, min: 0.1}]",
    ),
)


def ask(cli: Cli, root: Path, *options: str) -> dict[str, float]:
    answer = cli("-C", root, "recommend", "shop-next", *options, "--format", "json")
    assert answer.code == 0, answer.err
    return {one["actionId"]: one["score"] for one in json.loads(answer.out)["actionList"]}


def test_from_manifests_to_actions(cli: Cli, starter: Path) -> None:
    (starter / "actions.yaml").write_text(MANIFESTS)
    (starter / "acts.csv").write_text("ACTION_ID,VALUE\njoin,9\ninstall,2\n")
    rows = [
        f"user-{n},{action},{'Taken' if (n + place) % 2 else 'Viewed'},{NOW - (30 - 9 * step) * DAY}"
        for n in range(1, 61)
        for place, action in enumerate(("join", "install"))
        for step in range(3)
    ]
    text = table(ACTED, rows)
    (starter / "acted.csv").write_text("Seen".join(text.rsplit("Taken", 1)))
    refused = cli("-C", starter, "apply", "--auto-approve")
    assert refused.code == 1
    assert "EVENT_TYPE is 'Seen'" in refused.out + refused.err

    (starter / "acted.csv").write_text(text)
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
