"""What the tests find in the environment is not what their user has there: accounts, proxies, choices, colours.

Nor does it matter how fast the machine is: Hypothesis measures neither examples nor how they are made. What is
drawn at random is the same on every run of `make test`, which must not fail for what nobody changed; `make
test-all`, or a test by itself, draws anew.

Variables that choose what is tested (`PZDECL_DATA`, `PZDECL_SEEDS`, `PZDECL_KILLS`, …) stay.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

import pytest
from hypothesis import HealthCheck, settings

THEIRS = ("AWS_", "GIT_", "PZDECL_VAR_")
"""Beginnings of names."""
CHOICES = (
    "CI",
    "FORCE_COLOR",
    "GITHUB_ACTIONS",
    "NO_COLOR",
    "PZDECL_DEBUG",
    "PZDECL_DEVICE",
    "PZDECL_ENV",
    "PZDECL_IN_AUTOMATION",
    "PZDECL_STATE_KEY",
    "PZDECL_STATE_URL",
)
HERE = "localhost,127.0.0.1,::1"
"""Where every server of the tests is: no proxy knows the way."""


def settle(environment: MutableMapping[str, str]) -> None:
    """Takes out what is the user's; names the addresses that are reached without a proxy."""
    for name in [name for name in environment if name.startswith(THEIRS) or name in CHOICES]:
        del environment[name]
    for name in ("no_proxy", "NO_PROXY"):
        environment[name] = HERE


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is collected, in each process that runs some."""
    settle(os.environ)
    settings.register_profile(
        "untimed",
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
        derandomize=config.getoption("markexpr") == "not slow",
    )
    settings.load_profile("untimed")
