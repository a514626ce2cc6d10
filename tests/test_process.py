"""Telling whether a process is certainly gone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pzdecl import process
from pzdecl.process import Process, this_process
from tests.waiting import until

HERE = "machine boot1 ns1"


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> Process:
    monkeypatch.setattr(process, "_place", lambda: HERE)
    return this_process()


def test_a_living_process_is_not_gone(me: Process) -> None:
    assert not me.is_gone()
    assert not me._replace(started=None).is_gone(), "nothing is known of when it started"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_an_ended_process_is_gone_and_so_is_one_whose_number_was_given_again(me: Process) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert me._replace(pid=ended.pid).is_gone()
    assert me._replace(started="1").is_gone()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_process_that_nobody_has_waited_for_is_gone(me: Process) -> None:
    """As after a SIGKILL in a container whose first process doesn't collect what has ended."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    started = process._look(child.pid)[1]
    holder = me._replace(pid=child.pid, started=started)
    assert not holder.is_gone()
    child.kill()
    until(holder.is_gone)
    os.kill(child.pid, 0)  # its number is still taken
    child.communicate()


def test_nothing_is_known_of_other_hosts_and_containers(me: Process) -> None:
    ended = me._replace(pid=2**22 + 1, started="1")
    assert not ended._replace(host="elsewhere").is_gone()
    assert not ended._replace(place="machine boot1 ns2").is_gone()
    assert not ended._replace(place="other boot0 ns1").is_gone(), "another machine of the same name"
    assert not ended._replace(place="- boot0 ns1").is_gone()


def test_what_ran_before_the_machine_was_started_again_is_gone(me: Process) -> None:
    assert me._replace(place="machine boot0 ns1").is_gone()
