"""What tests wait with."""

from __future__ import annotations

import pytest

from tests.waiting import until


def test_it_looks_until_it_fits_and_gives_what_it_saw() -> None:
    seen = iter([1, 2, 3, 4])
    assert until(lambda: next(seen), lambda one: one > 2, pause=0) == 3


def test_what_does_not_come_is_told_with_what_was_there_last() -> None:
    with pytest.raises(AssertionError, match=r"the lock: after 0 s there is .free."):
        until(lambda: "free", lambda one: one == "held", why="the lock", seconds=0)
