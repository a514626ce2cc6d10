"""What a run writes down of its steps: intents, rows, and what went wrong; and the report and queue with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.apply.graph import ReadyQueue
from pzdecl.apply.placeholders import Placeholders
from pzdecl.apply.report import Report
from pzdecl.errors import PzdeclError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import BEGINNINGS, Op, Step
from pzdecl.state import State, from_json
from pzdecl.state.model import Failure, Intent, Recorded


class Books:
    """The pages of one run. Used by the one thread that may write, inside its transactions."""

    def __init__(
        self, run: str, state: State, placeholders: Placeholders, report: Report, queue: ReadyQueue
    ) -> None:
        self.run = run
        self._state = state
        self._placeholders = placeholders
        self._report = report
        self._queue = queue
        self._arns = placeholders.arns
        self.left = [intent for intent in state.intents() if intent.op in BEGINNINGS]
        """What earlier runs began to make, and nobody knows to be finished."""
        self._left_by_step = {intent.step: intent for intent in self.left}
        self._left_by_name = {(intent.address, intent.name): intent for intent in self.left}

    # Beginnings

    def earlier(self, step: Step) -> Intent | None:
        """The intent of an earlier run to make the very same thing: of the same step or, for a job, run."""
        if step.op not in BEGINNINGS or not self.left:
            return None
        if KINDS[step.address.kind].run_action:
            return self._left_by_name.get((step.address, step.name))
        return self._left_by_step.get(step.id)

    def intent(self, step: Step, earlier: Intent | None) -> Intent:
        """The step's intent, which goes on with an earlier one."""
        arn = step.arn or (earlier.arn if earlier else None)
        return Intent(step.address, step.id, step.op.value, step.name, arn, self.run)

    # Endings

    def carry_out(self, step: Step) -> None:
        """Does all of a step that sends no request."""
        if step.op is Op.MOVE:
            source = Address.parse(step.params["from"])
            self._state.move(self.run, step.id, source, step.address)
            if (arn := self._arns.pop(source, None)) is not None:
                self._arns[step.address] = arn
        elif step.op is Op.FORGET and not (step.deposed and step.arn is None):
            self.forget(step, step.arn)
        elif not self.write_down(step, step.arn, {}, 0.0):
            return
        self.done(step, step.arn, 0.0)

    def write_down(self, step: Step, arn: str | None, attributes: Mapping[str, Any], elapsed: float) -> bool:
        """Closes the step, with its row if it has one; False if that can't be filled in."""
        if step.record is None:
            self._state.complete(self.run, step.id)
            return True
        try:
            recorded = self._row(step, arn, attributes)
        except PzdeclError as error:
            self.give_up(step, error.message, elapsed)
            return False
        deletable = KINDS[step.address.kind].deletable
        self._state.record(self.run, step.id, recorded, deletable=deletable)
        return True

    def forget(self, step: Step, arn: str | None) -> None:
        """Closes the step, and what it deleted is no longer known."""
        self._state.remove(self.run, step.id, step.address, arn)
        if arn in (None, self._arns.get(step.address)):
            self._arns.pop(step.address, None)

    def give_up(
        self,
        step: Step,
        message: str,
        elapsed: float,
        failure: Failure | None = None,
        *,
        held: bool = False,
    ) -> None:
        """The step failed, and what depends on it is skipped."""
        self._state.fail(self.run, step.id, message, failure)
        self._report.errored(step, message, elapsed, held=held)
        self._report.left_out(self._queue.fail(step), step.address)

    def leave_open(self, step: Step, message: str, elapsed: float) -> None:
        """Nobody knows what came of the step: its intent stays, and the next run looks."""
        self._report.errored(step, message, elapsed)
        self._report.left_out(self._queue.fail(step), step.address)

    def done(self, step: Step, arn: str | None, elapsed: float) -> None:
        """The step is on the books, and what waited for it may begin."""
        self._report.completed(step, arn, elapsed)
        self._queue.finish(step)

    def _row(self, step: Step, arn: str | None, attributes: Mapping[str, Any]) -> Recorded:
        """The step's row, with what the service chose. Raises PzdeclError for an ARN that isn't known."""
        if arn is not None:
            self._arns[step.address] = arn
        row = self._placeholders.row(step)
        self._arns[step.address] = row["arn"] = arn or row["arn"]
        row["attributes"] = {**(row.get("attributes") or {}), **attributes}
        return from_json(step.address, row)
