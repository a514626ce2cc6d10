"""The one thread that runs a plan: it alone touches state, and hands requests to the pool.

A turn collects what the threads answered, writes all of it and the intents of what starts next in one
transaction, and only then sends requests and tells the listener. So an intent is always on disk before its
request is sent, and a thousand steps cost far fewer than a thousand commits.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from typing import Any

from pzdecl.apply.graph import ReadyQueue
from pzdecl.apply.pace import Pace, Waits
from pzdecl.apply.placeholders import Placeholders
from pzdecl.apply.pool import Pool
from pzdecl.apply.report import Report
from pzdecl.apply.requests import Answer, Job, Requests, Standing
from pzdecl.apply.result import Outcome
from pzdecl.errors import PzdeclError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import BEGINNINGS, Op, Plan, Step
from pzdecl.providers.client import Client
from pzdecl.state import State, from_json
from pzdecl.state.model import Failure, Intent, Recorded

_AHEAD = 4
"""Steps that are journalled and queued per thread, so that none waits for a commit."""
_LINGER = 0.02
"""Seconds that an answer may wait for others, to be written down together."""
_PULSE = 0.5
"""Seconds after which a wait begins anew, since a signal that comes just before one doesn't end it."""
_ALONE = 4
"""How often a quota may be in the way with nothing of ours at work before it is taken for a real one."""
_DELETED = {
    Standing.GONE: Standing.READY,
    Standing.READY: Standing.BLOCKED,
    Standing.FAILED: Standing.BLOCKED,
}
"""How a thing stands, as its deletion sees it: gone is what was wanted, any other calm that it isn't begun."""


class Coordinator:
    """Runs the steps of one plan. `work` returns when nothing is left to do, or soon after `stop`."""

    def __init__(
        self,
        plan: Plan,
        run: str,
        *,
        state: State,
        client: Client,
        placeholders: Placeholders,
        report: Report,
        parallelism: int,
        deadline: float | None,
        pace: Pace,
    ) -> None:
        self._run = run
        self._state = state
        self._report = report
        self._placeholders = placeholders
        self._queue = ReadyQueue(plan.steps, report.done)
        self._arns = placeholders.arns
        self._left = [intent for intent in state.intents() if intent.op in BEGINNINGS]
        self._left_by_step = {intent.step: intent for intent in self._left}
        self._left_by_name = {(intent.address, intent.name): intent for intent in self._left}
        self._requests = Requests(client)
        self._inbox: SimpleQueue[tuple[Job, Answer, float] | BaseException | None] = SimpleQueue()
        self._pool: Pool[Job, Answer] = Pool(parallelism, self._answered, self._inbox.put)
        self._ahead = parallelism * _AHEAD
        self._waits = Waits(pace, parallelism)
        self._pace = pace
        self._deadline = None if deadline is None else time.monotonic() + deadline
        self._calls: dict[str, Job] = {}
        """Jobs that the pool has."""
        self._orders = 0
        self.stopped: Outcome | None = None
        """Why nothing is started any more: INTERRUPTED, RUNNING (the deadline), or None."""

    def stop(self) -> None:
        """Asks to stop: once, to start nothing more; twice, to wait for nothing either. For any thread."""
        self._orders += 1
        self._inbox.put(None)

    def work(self) -> None:
        """Runs until all steps are done, failed or skipped, or the run was stopped.

        Raises PzdeclError if the state can't be written any more.
        """
        try:
            while True:
                self._turn(self._collect())
                self._heed_orders()
                if self._orders > 1 or (not self._calls and (self.stopped or self._idle())):
                    return
        finally:
            self._pool.close()

    def sweep(self) -> None:
        """Drops what state takes for left over and the service has nothing of, so that no plan shows it."""
        with self._state.transaction():
            for intent in self._state.intents() if self._left else ():
                if intent.run != self._run and intent.arn and self._absent(intent.address, intent.arn):
                    self._state.withdraw(intent.run, [intent.step])
            for deposed in self._state.deposed():
                if self._absent(deposed.address, deposed.arn):
                    self._state.remove(self._run, "", deposed.address, deposed.arn)

    def _absent(self, address: Address, arn: str) -> bool:
        return self._requests.absent(KINDS[address.kind], arn)

    def unfinished(self) -> list[Address]:
        """The addresses whose steps were begun and are not at an end."""
        jobs = [*self._calls.values(), *self._waits.jobs()]
        return sorted({job.step.address for job in jobs})

    def _idle(self) -> bool:
        return not self._queue and not len(self._waits)

    # One turn

    def _collect(self) -> list[tuple[Job, Answer]]:
        """Waits until there is something to do; gives what was answered since the last turn.

        While the threads have enough to do it waits for more answers, so that a commit serves many steps.
        """
        found: list[tuple[Job, Answer]] = []
        if not self._calls and (self.stopped or not len(self._waits)):
            return found
        until = time.monotonic() + _PULSE
        if not self.stopped:
            until = min([until, *(at for at in (self._waits.next_due(), self._deadline) if at is not None)])
        try:
            while True:
                now = time.monotonic()
                item = self._inbox.get(timeout=max(0.0, until - now))
                if isinstance(item, BaseException):
                    raise item
                if item is None:
                    return found
                job, answer, seconds = item
                del self._calls[job.step.id]
                self._waits.observe(seconds)
                found.append((job, answer))
                hurry = len(self._calls) <= self._ahead // 2
                until = now if hurry else min(until, now + _LINGER)
        except Empty:
            return found

    def _turn(self, answers: list[tuple[Job, Answer]]) -> None:
        now = time.monotonic()
        with self._state.transaction():
            for job, answer in answers:
                self._settle(job, answer, now)
            begun = [] if self.stopped or self._orders else self._begin(now)
        for job in begun:
            self._submit(job, again=True)
        if not self.stopped:
            for job, again in self._waits.take(now):
                self._submit(job, again=again)
        self._report.flush()

    def _heed_orders(self) -> None:
        if self.stopped is None:
            if self._orders or self._report.broken is not None:
                self.stopped = Outcome.INTERRUPTED
            elif self._deadline is not None and time.monotonic() >= self._deadline:
                self.stopped = Outcome.RUNNING
            else:
                return
            unsent = self._pool.take_back()
            for job in unsent:
                del self._calls[job.step.id]
            # What an earlier run left, and what was sent already, stays an intent for the next run to find.
            fresh = [job.step.id for job in unsent if not job.resumed and not job.interval]
            for job in unsent:
                if job.resumed or job.interval:
                    self._waits.add(job, time.monotonic(), again=False)
            self._state.withdraw(self._run, fresh)

    # Starting

    def _begin(self, now: float) -> list[Job]:
        """Takes steps that are ready and journals them. Steps without a request are done right here."""
        jobs: list[Job] = []
        intents: list[Intent] = []
        while self._queue and len(self._calls) + len(jobs) < self._ahead:
            step = self._queue.pop()
            earlier = self._earlier(step)
            intent = self._intent(step, earlier)
            if step.operation is None:
                self._state.intend([intent])
                self._carry_out(step)
                continue
            try:
                jobs.append(self._job(step, intent, earlier is not None, now))
            except PzdeclError as error:
                self._give_up(step, error.message, 0.0)
                continue
            intents.append(intent)
        self._state.intend(intents)
        for job in jobs:
            self._report.begun(job)
        return jobs

    def _earlier(self, step: Step) -> Intent | None:
        """The intent of an earlier run to make the very same thing: of the same step or, for a job, run."""
        if step.op not in BEGINNINGS or not self._left:
            return None
        if KINDS[step.address.kind].run_action:
            return self._left_by_name.get((step.address, step.name))
        return self._left_by_step.get(step.id)

    def _intent(self, step: Step, earlier: Intent | None) -> Intent:
        arn = step.arn or (earlier.arn if earlier else None)
        return Intent(step.address, step.id, step.op.value, step.name, arn, self._run)

    def _job(self, step: Step, intent: Intent, resumed: bool, now: float) -> Job:
        kind = KINDS[step.address.kind]
        params = self._placeholders.params(step)
        arn = intent.arn
        if arn is None and step.operation != kind.operations.create:
            arn = _target(step, params) or self._arns.get(step.address)
        bindings = self._placeholders.bindings(step) if resumed else {}
        return Job(step, kind, params, arn, bindings, resumed, now, known=intent.arn)

    def _carry_out(self, step: Step) -> None:
        if step.op is Op.MOVE:
            source = Address.parse(step.params["from"])
            self._state.move(self._run, step.id, source, step.address)
            if (arn := self._arns.pop(source, None)) is not None:
                self._arns[step.address] = arn
        elif step.op is Op.FORGET and not (step.deposed and step.arn is None):
            self._forget(step, step.arn)
        elif not self._write_down(step, step.arn, {}, 0.0):
            return
        self._done(step, step.arn, 0.0)

    def _submit(self, job: Job, *, again: bool) -> None:
        self._calls[job.step.id] = job
        self._pool.submit(job, self._requests.send if again else self._requests.look)

    def _answered(self, job: Job, answer: Answer, seconds: float) -> None:
        self._inbox.put((job, answer, seconds))

    # Ending

    def _settle(self, job: Job, answer: Answer, now: float) -> None:
        step = job.step
        if job.creates and answer.arn is not None and answer.arn != job.known:
            job.known = answer.arn
            if answer.standing is not Standing.READY:
                self._state.set_arn(self._run, step.id, answer.arn)
        job.working = answer.standing is Standing.BUSY
        match _DELETED.get(answer.standing, answer.standing) if job.deletes else answer.standing:
            case Standing.READY:
                self._finish(job, answer, now)
            case Standing.BUSY:
                job.trouble = None
                self._wait(job, answer, now, again=False)
            case Standing.FAILED:
                self._fail(job, answer, now)
            case Standing.GONE | Standing.SILENT if self._patient(job, now):
                self._wait(job, answer, now, again=False)
            case Standing.BLOCKED if answer.busy or self._patient(job, now):
                self._wait(job, answer, now, again=not (job.deletes and answer.description))
            case Standing.CROWDED if self._crowd(job):
                self._wait(job, answer, now, again=True)
            case Standing.UNCERTAIN | Standing.SILENT:
                # The intent stays open: the next run looks what came of it.
                self._report.errored(step, answer.text or "", now - job.began)
                self._report.left_out(self._queue.fail(step), step.address)
            case _:
                self._give_up(step, _trouble(job, answer), now - job.began, held=answer.held)

    def _patient(self, job: Job, now: float) -> bool:
        """Whether trouble of this job may still pass by itself."""
        if job.trouble is None:
            job.trouble = now
        return now - job.trouble < self._pace.patience

    def _crowd(self, job: Job) -> bool:
        """Whether a quota may count things of the same kind that this run has at work.

        The answer is older than what is known here: seeing none at work proves something only after a while.
        """
        others = [*self._calls.values(), *self._waits.jobs()]
        if any(other.working and other.kind is job.kind for other in others):
            job.alone = 0
        else:
            job.alone += 1
        return job.alone <= _ALONE

    def _wait(self, job: Job, answer: Answer, now: float, *, again: bool) -> None:
        if now - (job.told or job.began) >= self._pace.told:
            self._report.moved(job, answer, now)
        self._waits.add(job, now, again=again)

    def _finish(self, job: Job, answer: Answer, now: float) -> None:
        step, elapsed = job.step, now - job.began
        if job.deletes:
            self._forget(step, job.arn)
        elif not self._write_down(step, answer.arn, job.kind.attributes(answer.description), elapsed):
            return
        self._done(step, answer.arn, elapsed)

    def _fail(self, job: Job, answer: Answer, now: float) -> None:
        step, text = job.step, answer.text or ""
        failure = None
        if job.creates:
            failure = Failure(step.address, step.op.value, step.name, answer.arn, text)
        self._give_up(step, text, now - job.began, failure)

    def _give_up(
        self,
        step: Step,
        message: str,
        elapsed: float,
        failure: Failure | None = None,
        *,
        held: bool = False,
    ) -> None:
        self._state.fail(self._run, step.id, message, failure)
        self._report.errored(step, message, elapsed, held=held)
        self._report.left_out(self._queue.fail(step), step.address)

    def _done(self, step: Step, arn: str | None, elapsed: float) -> None:
        self._report.completed(step, arn, elapsed)
        self._queue.finish(step)

    # Rows

    def _row(self, step: Step, arn: str | None, attributes: Mapping[str, Any]) -> Recorded:
        """The step's row, with what the service chose. Raises PzdeclError for an ARN that isn't known."""
        if arn is not None:
            self._arns[step.address] = arn
        row = self._placeholders.row(step)
        self._arns[step.address] = row["arn"] = arn or row["arn"]
        row["attributes"] = {**(row.get("attributes") or {}), **attributes}
        return from_json(step.address, row)

    def _write_down(self, step: Step, arn: str | None, attributes: Mapping[str, Any], elapsed: float) -> bool:
        """Closes the step, with its row if it has one; False if that can't be filled in."""
        if step.record is None:
            self._state.complete(self._run, step.id)
            return True
        try:
            recorded = self._row(step, arn, attributes)
        except PzdeclError as error:
            self._give_up(step, error.message, elapsed)
            return False
        deletable = KINDS[step.address.kind].deletable
        self._state.record(self._run, step.id, recorded, deletable=deletable)
        return True

    def _forget(self, step: Step, arn: str | None) -> None:
        self._state.remove(self._run, step.id, step.address, arn)
        if arn in (None, self._arns.get(step.address)):
            self._arns.pop(step.address, None)


def _trouble(job: Job, answer: Answer) -> str:
    """What to say of a step that is given up."""
    if job.deletes and answer.description:
        return f"its deletion was accepted, but it is still there with status {answer.text}"
    if answer.standing is Standing.GONE:
        return f"it was created and then disappeared: {answer.text}"
    return answer.text or "the service refused it"


def _target(step: Step, params: Mapping[str, Any]) -> str | None:
    """The ARN that the request is about, where it is about one that exists."""
    arn = step.arn or params.get(KINDS[step.address.kind].operations.arn_key)
    return arn if isinstance(arn, str) else None
