"""Carrying out a plan: what may start starts, what waits holds nothing up, what was begun is never lost."""

from pzdecl.apply.events import Event, EventType, Listener
from pzdecl.apply.pace import Pace
from pzdecl.apply.result import Outcome, Run, StepFailure
from pzdecl.apply.running import run

__all__ = ["Event", "EventType", "Listener", "Outcome", "Pace", "Run", "StepFailure", "run"]
