"""When a run looks at busy things: soon at first, seldom later, never so often that it does nothing else."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from pzdecl.apply.pace import Pace, Waits
from pzdecl.apply.requests import Job
from pzdecl.kinds import KINDS
from pzdecl.plan.model import Op
from tests.apply.plans import Bench, make


def test_intervals_grow_up_to_the_longest() -> None:
    waits, job, now, gaps = Waits(Pace(), 10), _job(0), 0.0, []
    for _ in range(15):
        waits.add(job, now, again=False)
        due = waits.next_due()
        assert due is not None
        gaps.append(due - now)
        now = due
        assert waits.take(now) == [(job, False)]
    assert gaps[0] == pytest.approx(0.02)
    assert all(after > before - 1e-9 for before, after in pairwise(gaps))
    assert gaps[-1] == pytest.approx(1.0)


def test_many_that_wait_are_looked_at_less_often() -> None:
    """A thousand of them, a look takes 0.1 s, ten threads: each only every twenty seconds."""
    waits = Waits(Pace(), 10)
    waits.observe(0.1)
    for number in range(1000):
        waits.add(_job(number), 0.0, again=False)
    waits.add(last := _job(1000), 0.0, again=True)
    assert len(waits) == 1001
    assert waits.take(19.9) != []
    assert (last, True) in waits.take(20.1)


def test_only_what_is_due_is_taken() -> None:
    waits = Waits(Pace(first=1.0), 10)
    waits.add(early := _job(0), 0.0, again=False)
    waits.add(late := _job(1), 0.5, again=True)
    assert waits.take(0.9) == []
    assert waits.take(1.0) == [(early, False)]
    assert waits.jobs() == [late]


def test_hundreds_of_busy_things_take_few_looks(bench: Bench) -> None:
    """Each is busy for three looks. Nothing is looked at more often than that, and for deletion once more."""
    bench.service.looks = 3
    ended = bench.run(*(make(f"DatasetGroup/g{n}") for n in range(300)))
    assert ended.counts == {"create": 300}
    assert bench.service.calls["describe_dataset_group"] == 300 * 4


def _job(number: int, **changes: Any) -> Job:
    step = make(f"SolutionVersion/x{number}", op=Op.TRAIN)
    return Job(step, KINDS["SolutionVersion"], {}, None, {}, False, 0.0, **changes)
