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

from pzdecl.apply.books import Books
from pzdecl.apply.graph import ReadyQueue
from pzdecl.apply.pace import Pace, Waits
from pzdecl.apply.placeholders import Placeholders
from pzdecl.apply.pool import Pool
from pzdecl.apply.report import Report
from pzdecl.apply.requests import Answer, Job, Requests
from pzdecl.apply.result import Outcome
from pzdecl.apply.settling import Settling
from pzdecl.errors import PzdeclError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Plan, Step
from pzdecl.providers.client import Client
from pzdecl.state import State
from pzdecl.state.model import Intent

_AHEAD = 4
"""Steps that are journalled and queued per thread, so that none waits for a commit."""
_LINGER = 0.02
"""Seconds that an answer may wait for others, to be written down together."""
_PULSE = 0.5
"""Seconds after which a wait begins anew, since a signal that comes just before one doesn't end it."""


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
        self._state = state
        self._report = report
        self._placeholders = placeholders
        self._queue = ReadyQueue(plan.steps, report.done)
        self._books = Books(run, state, placeholders, report, self._queue)
        self._requests = Requests(client, pace.lag)
        self._inbox: SimpleQueue[tuple[Job, Answer, float] | BaseException | None] = SimpleQueue()
        self._pool: Pool[Job, Answer] = Pool(parallelism, self._answered, self._inbox.put)
        self._ahead = parallelism * _AHEAD
        self._waits = Waits(pace, parallelism)
        self._settling = Settling(self._books, state, report, self._waits, pace, self._at_work)
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

    def unfinished(self) -> list[Address]:
        """The addresses whose steps were begun and are not at an end."""
        return sorted({job.step.address for job in self._at_work()})

    def _at_work(self) -> list[Job]:
        """The jobs that are begun and not at an end."""
        return [*self._calls.values(), *self._waits.jobs()]

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
                self._settling.settle(job, answer, now)
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
            self._state.withdraw(self._books.run, fresh)

    # Starting

    def _begin(self, now: float) -> list[Job]:
        """Takes steps that are ready and journals them. Steps without a request are done right here."""
        jobs: list[Job] = []
        intents: list[Intent] = []
        while self._queue and len(self._calls) + len(jobs) < self._ahead:
            step = self._queue.pop()
            earlier = self._books.earlier(step)
            intent = self._books.intent(step, earlier)
            if step.operation is None:
                self._state.intend([intent])
                self._books.carry_out(step)
                continue
            try:
                jobs.append(self._job(step, intent, earlier is not None, now))
            except PzdeclError as error:
                self._books.give_up(step, error.message, 0.0)
                continue
            intents.append(intent)
        self._state.intend(intents)
        for job in jobs:
            self._report.begun(job)
        return jobs

    def _job(self, step: Step, intent: Intent, resumed: bool, now: float) -> Job:
        kind = KINDS[step.address.kind]
        params = self._placeholders.params(step)
        arn = intent.arn
        if arn is None and step.operation != kind.operations.create:
            arn = _target(step, params) or self._placeholders.arns.get(step.address)
        bindings = self._placeholders.bindings(step) if step.operation == kind.operations.create else {}
        return Job(step, kind, params, arn, bindings, resumed, now, known=intent.arn)

    def _submit(self, job: Job, *, again: bool) -> None:
        self._calls[job.step.id] = job
        self._pool.submit(job, self._requests.send if again else self._requests.look)

    def _answered(self, job: Job, answer: Answer, seconds: float) -> None:
        self._inbox.put((job, answer, seconds))


def _target(step: Step, params: Mapping[str, Any]) -> str | None:
    """The ARN that the request is about, where it is about one that exists."""
    arn = step.arn or params.get(KINDS[step.address.kind].operations.arn_key)
    return arn if isinstance(arn, str) else None
