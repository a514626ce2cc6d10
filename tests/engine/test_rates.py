from __future__ import annotations

from pzdecl.engine import rates
from pzdecl.engine.rates import RateLimit


def test_a_bucket_fills_at_the_rate() -> None:
    now = [0.0]
    limit = RateLimit(5, clock=lambda: now[0])
    assert [limit.take("a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limit.take("b"), "each client has a bucket of its own"
    now[0] = 0.4
    assert [limit.take("a") for _ in range(3)] == [True, True, False]
    now[0] = 100.0
    assert sum(limit.take("a") for _ in range(20)) == 5, "no more is saved up than a second's worth"


def test_a_slow_rate_still_lets_one_through() -> None:
    now = [0.0]
    limit = RateLimit(0.5, clock=lambda: now[0])
    assert [limit.take("a"), limit.take("a")] == [True, False]
    now[0] = 2.0
    assert limit.take("a")


def test_clients_that_were_quiet_longest_are_forgotten(monkeypatch: object) -> None:
    limit = RateLimit(1, clock=lambda: 0.0)
    for number in range(rates.CLIENTS + 10):
        assert limit.take(str(number))
    assert len(limit._buckets) == rates.CLIENTS


def test_looking_counts_nothing() -> None:
    limit = RateLimit(1, clock=lambda: 0.0)
    assert limit.ready("a")
    assert limit.ready("a")
    assert limit.take("a")
    assert not limit.ready("a")
    assert limit.ready("b")
