"""Tests find the same environment wherever they run."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from tests.conftest import settle


def test_what_is_the_users_is_taken_out_and_what_chooses_tests_stays() -> None:
    theirs = {"AWS_PROFILE": "shop", "GIT_DIR": ".git", "PZDECL_ENV": "prod", "PZDECL_VAR_x": "1", "CI": "true"}
    kept = {"PATH": "/bin", "PZDECL_SEEDS": "0-9"}
    environment = {**theirs, **kept, "http_proxy": "http://proxy:3128", "no_proxy": "corp"}
    settle(environment)
    assert not theirs.keys() & environment.keys()
    assert kept.items() <= environment.items()
    assert "127.0.0.1" in environment["no_proxy"].split(",")


def test_properties_are_not_timed() -> None:
    """Whatever else the settings of a test say."""
    for found in (settings(), settings(max_examples=5)):
        assert found.deadline is None
        assert HealthCheck.too_slow in found.suppress_health_check
