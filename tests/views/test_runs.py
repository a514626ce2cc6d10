from __future__ import annotations

import io
import json
from datetime import UTC, datetime

from pzdecl.apply.events import Event, EventType
from pzdecl.apply.result import Outcome, Run, StepFailure
from pzdecl.engine.progress import Progress
from pzdecl.views import run_text
from pzdecl.views.run_json import JsonView
from pzdecl.views.run_lines import LineView
from pzdecl.views.run_live import LiveView
from tests.counting import calls
from tests.views import sample

EPOCHS = Progress("epochs", 3, 10, rate=0.5, eta=14, detail={"loss": 5.3125})
EVENTS = [
    Event(EventType.RUN_START, total=2),
    Event(EventType.STEP_START, sample.VERSION, "train", "s1", total=2),
    Event(EventType.STEP_PROGRESS, sample.VERSION, "train", "s1", elapsed=1.0, progress=EPOCHS, total=2),
    Event(EventType.STEP_PROGRESS, sample.VERSION, "train", "s1", elapsed=70.0, progress=EPOCHS, total=2),
    Event(EventType.STEP_COMPLETE, sample.VERSION, "train", "s1", arn="arn:v", elapsed=75.0, done=1, total=2),
    Event(EventType.STEP_ERRORED, sample.CAMPAIGN, "deploy", "s2", message="no capacity", done=1, total=2),
    Event(EventType.STEP_SKIPPED, sample.TRACKER, "create", "s3", message="because x failed", done=1, total=2),
    Event(EventType.RUN_COMPLETE, done=1, total=2),
]


def test_lines_tell_start_end_and_one_progress_a_minute() -> None:
    clock = iter([0.0, 1.0, 70.0, 75.0])
    out = io.StringIO()
    view = LineView(out, clock=lambda: next(clock))
    for event in EVENTS:
        view(event)
    view.close()
    assert out.getvalue().splitlines() == [
        "SolutionVersion/movies-hrnn: training…",
        "SolutionVersion/movies-hrnn: training, 3 / 10 epochs, 0.50 epochs/s, loss 5.312, 14 s left",
        "SolutionVersion/movies-hrnn: trained after 75 s  [1/2]",
        "Campaign/movies-hrnn: deploying failed: no capacity",
        "EventTracker/movies-web: skipped: because x failed",
    ]


def test_json_lines_speak_terraforms_vocabulary() -> None:
    out = io.StringIO()
    view = JsonView(out, "1.2.3", now=lambda: datetime(2026, 1, 2, tzinfo=UTC))
    view.plan(sample.EVERYTHING)
    for event in EVENTS:
        view(event)
    view.run(Run("r", Outcome.PARTIAL, {"train": 1, "replace": 1}, seconds=3.0))
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert lines[0]["type"] == "version"
    assert lines[0]["@timestamp"] == "2026-01-02T00:00:00.000Z"
    assert all({"@level", "@message", "@module", "@timestamp", "type"} <= set(line) for line in lines)
    kinds = [line["type"] for line in lines]
    assert kinds.count("planned_change") == 7
    assert kinds.count("resource_drift") == 2
    hooks = {line["type"]: line["hook"] for line in lines if "hook" in line}
    assert hooks["apply_complete"]["resource"]["addr"] == "SolutionVersion/movies-hrnn"
    assert (hooks["apply_complete"]["id_key"], hooks["apply_complete"]["id_value"]) == ("arn", "arn:v")
    assert hooks["apply_progress"]["progress"]["total"] == 10
    assert hooks["apply_errored"]["message"] == "no capacity"
    assert kinds.count("apply_progress") == 2, "progress does not stop after the first message"
    last = lines[-1]
    assert last["type"] == "change_summary"
    assert last["changes"] == {
        "add": 2,
        "change": 0,
        "import": 0,
        "remove": 1,
        "operation": "apply",
        "actions": {"train": 1, "replace": 1},
    }


def test_the_live_table_shows_what_runs_and_forgets_what_is_done() -> None:
    from rich.console import Console

    out = io.StringIO()
    view = LiveView(out, color=False)
    try:
        for event in EVENTS[:3]:
            view(event)
        seen = io.StringIO()
        Console(file=seen, width=160, color_system=None).print(view.table())
        assert "SolutionVersion/movies-hrnn" in seen.getvalue()
        assert "3 / 10 epochs" in seen.getvalue()
        assert "loss 5.312" in seen.getvalue()
        for event in EVENTS[3:]:
            view(event)
        after = io.StringIO()
        Console(file=after, width=160, color_system=None).print(view.table())
        assert "SolutionVersion" not in after.getvalue()
        assert "1 of 2 steps done, 1 failed" in after.getvalue()
    finally:
        view.close()
    assert "no capacity" in out.getvalue()


def test_the_live_table_keeps_up_with_thousands_of_steps() -> None:
    """What a step costs does not grow with the steps before it."""

    def told(steps: int) -> None:
        view = LiveView(io.StringIO(), color=False)
        try:
            for i in range(steps):
                view(Event(EventType.STEP_START, sample.GROUP, "create", str(i), total=steps))
                view(Event(EventType.STEP_COMPLETE, sample.GROUP, "create", str(i), done=i, total=steps))
        finally:
            view.close()

    told(10)
    assert calls(lambda: told(5000)) / calls(lambda: told(500)) < 11


def test_a_partial_run_names_what_failed_what_was_skipped_and_how_to_go_on() -> None:
    failed = StepFailure("s2", sample.VERSION, "train", "too few interactions")
    skipped = StepFailure("s3", sample.CAMPAIGN, "create", "skipped", because=sample.VERSION)
    run = Run("r", Outcome.PARTIAL, {"create": 3}, (failed,), (skipped,), seconds=1.25)
    text = run_text.render(run, "pzdecl apply")
    assert "x SolutionVersion/movies-hrnn (train): too few interactions" in text
    assert "- Campaign/movies-hrnn (create): because SolutionVersion/movies-hrnn failed" in text
    assert "Apply incomplete: 3 created in 1.2 s" in text
    assert text.endswith("Run `pzdecl apply` again to go on from here.\n")
    assert "again" not in run_text.render(run, "pzdecl apply", hints=False)


def test_other_ends_of_a_run() -> None:
    assert run_text.render(Run("r", Outcome.DONE, seconds=0.1), "pzdecl apply") == (
        "Apply complete: nothing changed in 0.1 s.\n"
    )
    waiting = Run("r", Outcome.RUNNING, {"create": 1}, running=(sample.VERSION,))
    assert "Still running\n  ↻ SolutionVersion/movies-hrnn\n" in run_text.render(waiting, "pzdecl apply")
    assert "Interrupted" in run_text.render(Run("r", Outcome.INTERRUPTED), "pzdecl apply")
    many = tuple(StepFailure(str(i), sample.GROUP, "create", "no") for i in range(50))
    assert "and 30 more" in run_text.render(Run("r", Outcome.PARTIAL, failed=many), "pzdecl apply")


def test_what_a_gate_held_back_is_no_failure() -> None:
    held = StepFailure("s3", sample.CAMPAIGN, "deploy", "gate coverage: 0.1", held=True)
    text = run_text.render(Run("r", Outcome.PARTIAL, {"train": 1}, (held,)), "pzdecl apply")
    assert "1 step held back by a gate" in text
    assert "failed" not in text
    assert "again" not in text, "the same command would be held back as well"
    failed = StepFailure("s2", sample.VERSION, "train", "too few interactions")
    text = run_text.render(Run("r", Outcome.PARTIAL, {}, (failed, held)), "pzdecl apply")
    assert "1 step failed, 1 step held back by a gate" in text
    assert "Run `pzdecl apply` again" in text
