"""`pzdecl events put`: lines of JSON into a tracker, and into the next recommendations."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.shop import document

pytest.importorskip("torch")

TRACKER = document("EventTracker", "shop-web", "datasetGroup: shop")


def _lines(path: Path, *events: object) -> Path:
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one) for one in events) + "\n")
    return path


@pytest.fixture
def applied(cli: Cli, starter: Path) -> Path:
    """The starter's data and a tracker, without its training."""
    (starter / "tracker.yaml").write_text(TRACKER)
    targets = ("--target", "EventTracker/shop-web", "--target", "kind:Dataset")
    answer = cli("-C", starter, "apply", "--auto-approve", *targets)
    assert answer.code == 0, answer.err + answer.out
    return starter


def test_events_are_put_once_and_wrong_lines_are_told(
    cli: Cli, applied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = {"userId": "user-1", "eventType": "view", "itemId": "item-001", "sentAt": 1_700_000_000}
    good = [{**event, "itemId": f"item-{n:03}", "userId": f"user-{n % 3}"} for n in range(25)]
    assert cli("-C", applied, "events", "put", "shop-web", _lines(applied / "good.jsonl", *good)).out == (
        "25 events put\n"
    )
    wrong = _lines(
        applied / "wrong.jsonl",
        {**event, "sentAt": 1_700_000_001},
        "{",
        "",
        [1],
        {**event, "item": "x"},
        {"eventType": "view", "itemId": "item-001"},
        {**event, "properties": {"colour": "red"}},
        {**event, "userId": 7},
        {**event, "sentAt": "never"},
    )
    answer = cli("-C", applied, "events", "put", "EventTracker/shop-web", wrong)
    assert (answer.code, answer.out) == (1, "1 event put; 7 lines refused\n")
    told = answer.err.splitlines()
    for number, words in (
        (2, "not JSON"),
        (4, "not an object"),
        (5, "an event has no item: expected userId,"),
        (6, "neither userId nor sessionId is given"),
        (7, "properties.colour is not in the schema"),
        (8, "userId is 7: expected a text"),
        (9, "sentAt is not a time"),
    ):
        assert any(line.startswith(f"{wrong}:{number}: ") and words in line for line in told), (number, told)

    monkeypatch.setattr("sys.stdin", io.StringIO("".join(json.dumps(one) + "\n" for one in good)))
    again = cli("-C", applied, "events", "put", "shop-web", "--format", "json")
    assert json.loads(again.out) == {"format_version": "1.0", "put": 25, "refused": []}
    from pzdecl.engine import Engine
    from pzdecl.engine.events import log

    with Engine(applied / ".pzdecl" / "engine") as engine, engine._context.store.read() as reader:
        kept = list(log.everything(reader, engine.arn("dataset/shop/INTERACTIONS")))
    assert len(kept) == 26, "the same lines count once"


def test_a_tracker_that_is_not_there(cli: Cli, starter: Path) -> None:
    (starter / "tracker.yaml").write_text(TRACKER)
    events = _lines(starter / "events.jsonl", {"userId": "a", "eventType": "view", "itemId": "i"})
    answer = cli("-C", starter, "events", "put", "shop-web", events)
    assert answer.code == 1
    assert "EventTracker/shop-web is declared but not there yet" in answer.err
    assert "pzdecl apply" in answer.err
    near = cli("-C", starter, "events", "put", "shop-wed", events)
    assert near.code == 64
    assert "did you mean" in near.err
    missing = cli("-C", starter, "events", "put", "shop-web", starter / "nothing.jsonl")
    assert missing.code == 1
    assert "nothing.jsonl" in missing.err
