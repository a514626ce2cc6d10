"""What the threads of a run do: send a step's request, and look how the thing stands afterwards.

Nothing here touches state or raises: every ending of a request is an `Answer`, and the coordinator decides.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from pzdecl.engine.errors import (
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
    ServiceError,
    UnavailableException,
)
from pzdecl.engine.progress import Progress
from pzdecl.errors import PzdeclError
from pzdecl.kinds.base import Kind, Status
from pzdecl.plan import gates
from pzdecl.plan.model import Op, Step
from pzdecl.providers.client import Client

_log = logging.getLogger(__name__)


class Standing(Enum):
    """How a step's thing stands after a request."""

    READY = auto()
    BUSY = auto()
    FAILED = auto()
    """The service ended it in failure."""
    GONE = auto()
    BLOCKED = auto()
    """The request was refused because something is in use; it may be sent again later."""
    CROWDED = auto()
    """The request was refused by a quota, which may be one on things that are busy just now."""
    REFUSED = auto()
    """The request was refused for good: nothing came of it."""
    UNCERTAIN = auto()
    """The request may have been carried out or not: the next run has to look."""
    LOST = auto()
    """The same, of a request to create, where trying again may help: what came of it is looked for first."""
    SILENT = auto()
    """Looking brought no answer. The thing itself goes on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is the service's status (BUSY) or what went wrong, `busy` that the thing itself is at work."""

    standing: Standing
    arn: str | None = None
    description: Mapping[str, Any] = field(default_factory=dict)
    text: str | None = None
    progress: Progress | None = None
    busy: bool = False
    held: bool = False
    """A gate refused it: nothing was sent."""


@dataclass(slots=True)
class Job:
    """A step that was begun."""

    step: Step
    kind: Kind
    params: dict[str, Any]
    arn: str | None
    bindings: Mapping[str, Any]
    resumed: bool
    """Whether its request may have been sent before, by an earlier run or by this one."""
    began: float

    interval: float = 0.0
    told: float = 0.0
    """When its progress was last reported."""
    trouble: float | None = None
    """Since when it has been blocked, silent, or deleted without an effect; None while all is well."""
    known: str | None = None
    """The ARN that the journal has for it."""
    working: bool = False
    """Whether the service was at work on it when last seen."""
    lost: tuple[float, str] | None = None
    """When its request was sent and not answered, and what was told in place of an answer."""
    alone: int = 0
    """How often in a row a quota refused it with nothing else at work."""

    @property
    def creates(self) -> bool:
        """Whether the request makes something: only then sending it twice would make two."""
        return self.step.operation == self.kind.operations.create

    @property
    def deletes(self) -> bool:
        """Whether the step is done when nothing is there any more."""
        return self.step.op is Op.DELETE

    @property
    def waits(self) -> bool:
        """Whether the thing is looked at after the request. Labels take effect at once."""
        return self.step.op is not Op.TAG and self.arn is not None


class Requests:
    """The work of one run's threads, over one client. What was just made may be missing for `lag` seconds, from
    lists and for those that refer to it.
    """

    def __init__(self, client: Client, lag: float = 0.0) -> None:
        self._client = client
        self._lag = lag

    def send(self, job: Job) -> Answer:
        """Sends the step's request and looks once. What an earlier run left is taken up, not made again."""
        try:
            return self._taken_up(job) or self._held(job) or self._send(job)
        except UnavailableException as error:
            return self._unanswered(job, error)
        except ServiceError as error:
            return Answer(Standing.REFUSED, job.known, text=str(error))
        except PzdeclError as error:
            return Answer(Standing.UNCERTAIN, job.known, text=_told(error))
        except Exception as error:
            _log.exception("%s: unexpected error", job.step.id)
            text = f"unexpected error: {type(error).__name__}: {error}"
            return Answer(Standing.UNCERTAIN, job.known, text=text)

    def look(self, job: Job) -> Answer:
        """Looks how the thing stands, and how far its job is."""
        try:
            return self._look(job, str(job.arn))
        except UnavailableException as error:
            # What somebody has to mend first (a full disk) is told now: waiting would not help.
            standing = Standing.UNCERTAIN if error.lasting else Standing.SILENT
            return Answer(standing, job.arn, text=_unavailable(error))
        except ServiceError as error:
            return Answer(Standing.SILENT, job.arn, text=str(error))
        except PzdeclError as error:
            return Answer(Standing.SILENT, job.arn, text=_told(error))
        except Exception as error:
            _log.exception("%s: unexpected error", job.step.id)
            text = f"unexpected error: {type(error).__name__}: {error}"
            return Answer(Standing.UNCERTAIN, job.arn, text=text)

    def _taken_up(self, job: Job) -> Answer | None:
        """What an earlier run made of the step, if it made something."""
        if not (job.creates and job.resumed):
            return None
        found = self._find(job)
        if found.standing is not Standing.GONE:
            return found
        if job.lost is not None and job.step.arn is None and self._recent(job.lost[0]):
            # It is found by a list alone, which may not have it yet: sent again now, it might be made twice.
            return Answer(Standing.LOST, job.known, text=job.lost[1])
        return None

    def _unanswered(self, job: Job, error: UnavailableException) -> Answer:
        """The answer where the target gave none."""
        text = _unavailable(error)
        if not job.creates or (error.refused and not job.resumed):
            return Answer(Standing.REFUSED, job.known, text=text)
        if error.lasting:
            return Answer(Standing.UNCERTAIN, job.known, text=text)
        job.resumed, job.lost = True, (time.monotonic(), text)
        return Answer(Standing.LOST, job.known, text=text)

    def _held(self, job: Job) -> Answer | None:
        """The answer of a gate that refuses the version that the step would deploy."""
        version = job.params.get("solutionVersionArn")
        if not job.step.gates or not isinstance(version, str):
            return None
        text = gates.refusal(self._client, job.step.gates, version, job.step.serving)
        return Answer(Standing.REFUSED, job.known, text=text, held=True) if text else None

    def _send(self, job: Job) -> Answer:
        operation = str(job.step.operation)
        try:
            result = self._client.call(operation, **job.params)
        except ServiceError as error:
            return self._refused(job, error)
        if job.creates:
            job.arn = str(result[job.kind.operations.arn_key])
        if not job.waits:
            return Answer(Standing.READY, job.arn)
        return self.look(job)

    def _refused(self, job: Job, error: ServiceError) -> Answer:
        """What a refusal means where it is not the end of the step. Raises the error where it is."""
        match error:
            case ResourceNotFoundException() if job.deletes:
                return Answer(Standing.GONE, job.arn)
            case ResourceNotFoundException() if job.step.needs and self._recent(job.began):
                # What was made just before may not be known everywhere yet.
                return Answer(Standing.BLOCKED, job.known, text=str(error))
            case ResourceAlreadyExistsException():
                return self._existing(job, error)
            case ResourceInUseException():
                return Answer(Standing.BLOCKED, job.known, text=str(error), busy=self._busy(job))
            case LimitExceededException():
                return Answer(Standing.CROWDED, job.known, text=str(error))
        raise error

    def _recent(self, moment: float) -> bool:
        """Whether what was made at a moment may still be missing somewhere."""
        return time.monotonic() - moment < self._lag

    def _find(self, job: Job) -> Answer:
        """What an earlier run made under this step's name, or GONE."""
        arn = job.arn
        if arn is None and job.step.name is not None:
            try:
                arn = job.kind.find(self._client, job.step.name, job.bindings)
            except ResourceNotFoundException:  # the parent that it would be listed under is gone
                arn = None
        if arn is None:
            return Answer(Standing.GONE)
        found = self._look(job, arn)
        if found.standing is not Standing.GONE:
            job.arn = arn
        elif job.step.arn is None:
            job.arn = None
        return found

    def _existing(self, job: Job, error: ServiceError) -> Answer:
        if job.resumed:
            found = self._find(job)
            if found.standing is not Standing.GONE:
                return found
            if job.lost is not None:
                return Answer(Standing.LOST, job.known, text=f"{error}, and it can't be seen yet")
        text = f"{error}. It was not made by this project: delete it, or use another name"
        return Answer(Standing.REFUSED, text=text)

    def _look(self, job: Job, arn: str) -> Answer:
        kind = job.kind
        try:
            call = kind.describe(arn)
            description = self._client.read(call.operation, **call.params)[kind.operations.describe_key]
        except ResourceNotFoundException as error:
            return Answer(Standing.GONE, arn, text=str(error))
        text = str(description.get("status") or "ACTIVE")
        match kind.status(description):
            case Status.READY:
                return Answer(Standing.READY, arn, description, text)
            case Status.FAILED:
                return Answer(Standing.FAILED, arn, description, kind.failure(description))
            case Status.BUSY:
                return Answer(Standing.BUSY, arn, description, text, self._client.progress(arn))

    def _busy(self, job: Job) -> bool:
        """Whether the thing itself is at work, so that waiting for it makes sense however long it takes."""
        if job.creates or job.arn is None:
            return False
        return self.look(job).standing is Standing.BUSY


def _told(error: PzdeclError) -> str:
    """An error's message with what helps against it."""
    return f"{error.message}; {error.hint}" if error.hint else error.message


def _unavailable(error: UnavailableException) -> str:
    """Why the target could not be asked. That is no error of the API: its name would say nothing."""
    return error.message if type(error) is UnavailableException else str(error)
