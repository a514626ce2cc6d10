"""While an apply runs: a second one is refused, and everybody may plan and ask for recommendations."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.apply.events import Event, EventType
from pzdecl.errors import StateLocked
from pzdecl.project import load
from tests.crash import projects
from tests.e2e.workbench import Workbench


def test_others_may_look_at_any_moment_of_an_apply(tmp_path: Path) -> None:
    root = projects.write(tmp_path / "shop")
    project = load(root)
    seen: list[str] = []

    def look(event: Event) -> None:
        if event.type not in (EventType.STEP_START, EventType.STEP_COMPLETE):
            return
        other = load(root)
        assert other.plan().has_changes == (event.done < event.total)
        other.metrics()
        if first:
            seen.append(event.op or "")
            return
        assert other.recommend("popular", user="u1", count=3)["itemList"]
        with pytest.raises(StateLocked, match="apply"):
            other.apply(other.plan())
        seen.append(event.op or "")

    first = True
    assert project.apply(project.plan(), listener=look).outcome == "done"
    assert len(seen) == 16
    first, seen = False, []
    projects.append(root, "i1", 1_700_000_000)
    run = project.apply(project.plan(), listener=look)
    assert (run.outcome, run.failed) == ("done", ())
    assert {"import", "train", "deploy"} <= set(seen)
    assert not load(root).plan().has_changes


def test_a_second_command_says_who_applies_and_a_look_is_not_held_up(applied: Workbench) -> None:
    with load(applied.root).locked(command="pzdecl apply"):
        applied.run("plan", "--detailed-exitcode")
        applied.run("recommend", "shop-related", "--item", "i3")
        refused = applied.apply(expect=6)
        assert "is locked by" in refused.err
        assert "pzdecl apply" in refused.err
