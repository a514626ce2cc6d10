"""What becomes of a step whose request, or a look at its thing, was answered: done, waited for, or given up."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pzdecl.apply.books import Books
from pzdecl.apply.pace import Pace, Waits
from pzdecl.apply.report import Report
from pzdecl.apply.requests import Answer, Job, Standing
from pzdecl.state import State
from pzdecl.state.model import Failure

_ALONE = 4
"""How often a quota may be in the way with nothing of ours at work before it is taken for a real one."""
_DELETED = {
    Standing.GONE: Standing.READY,
    Standing.READY: Standing.BLOCKED,
    Standing.FAILED: Standing.BLOCKED,
}
"""How a thing stands, as its deletion sees it: gone is what was wanted, any other calm that it isn't begun."""


class Settling:
    """Decides on answers. `at_work` gives all jobs that are begun and not at an end."""

    def __init__(
        self,
        books: Books,
        state: State,
        report: Report,
        waits: Waits,
        pace: Pace,
        at_work: Callable[[], Iterable[Job]],
    ) -> None:
        self._books = books
        self._state = state
        self._report = report
        self._waits = waits
        self._pace = pace
        self._at_work = at_work

    def settle(self, job: Job, answer: Answer, now: float) -> None:
        """Puts down what the answer says of the job, in the transaction that is under way."""
        step = job.step
        if job.creates and answer.arn is not None and answer.arn != job.known:
            job.known = answer.arn
            if answer.standing is not Standing.READY:
                self._state.set_arn(self._books.run, step.id, answer.arn)
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
            case Standing.LOST if self._patient(job, now):
                self._wait(job, answer, now, again=True)
            case Standing.UNCERTAIN | Standing.SILENT | Standing.LOST:
                self._books.leave_open(step, answer.text or "", now - job.began)
            case _:
                self._books.give_up(step, _trouble(job, answer), now - job.began, held=answer.held)

    def _patient(self, job: Job, now: float) -> bool:
        """Whether trouble of this job may still pass by itself."""
        if job.trouble is None:
            job.trouble = now
        return now - job.trouble < self._pace.patience

    def _crowd(self, job: Job) -> bool:
        """Whether a quota may count things of the same kind that this run has at work.

        The answer is older than what is known here: seeing none at work proves something only after a while.
        """
        if any(other.working and other.kind is job.kind for other in self._at_work()):
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
            self._books.forget(step, job.arn)
        elif not self._books.write_down(step, answer.arn, job.kind.attributes(answer.description), elapsed):
            return
        self._books.done(step, answer.arn, elapsed)

    def _fail(self, job: Job, answer: Answer, now: float) -> None:
        step, text = job.step, answer.text or ""
        failure = None
        if job.creates:
            failure = Failure(step.address, step.op.value, step.name, answer.arn, text)
        self._books.give_up(step, text, now - job.began, failure)


def _trouble(job: Job, answer: Answer) -> str:
    """What to say of a step that is given up."""
    if job.deletes and answer.description:
        return f"its deletion was accepted, but it is still there with status {answer.text}"
    if answer.standing is Standing.GONE:
        return f"it was created and then disappeared: {answer.text}"
    return answer.text or "the service refused it"
