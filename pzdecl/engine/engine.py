"""`Engine`: a folder that answers Amazon Personalize's API in process."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pzdecl.engine.api import operation
from pzdecl.engine.api import quotas as quota
from pzdecl.engine.api.families import RECOMMENDER_VERSION
from pzdecl.engine.api.models import Models, model_folder
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.throttle import Throttle
from pzdecl.engine.api.validate import validate
from pzdecl.engine.data.storage import S3Settings, Storage
from pzdecl.engine.errors import InvalidInputException, ServiceError, UnavailableException
from pzdecl.engine.filters.sources import Sources
from pzdecl.engine.progress import Progress
from pzdecl.engine.store.shown import Shown, ShownLog
from pzdecl.engine.store.store import EngineFolderError, Store

if TYPE_CHECKING:
    from pzdecl.engine.jobs.worker import Worker
    from pzdecl.engine.serving.evaluation import Evaluated
    from pzdecl.engine.training.tuning.trials import Trials

SERVICES = ("personalize", "personalize-runtime", "personalize-events")


class Engine:
    """The built-in Personalize in one folder, for any number of threads and processes.

    folder    where `engine.db`, data and models lie; made by the first operation that writes
    account, region, partition
              go into ARNs
    s3        where `s3://` locations are; boto3 finds them unless given
    quotas    "aws" for the quotas of an account of Amazon Personalize (docs/reference/quotas.md), or "none"
    clock     seconds since 1970, by which events arrive and automatic trainings and updates are due

    Imports, trainings and deployments are queued; they run while some process has a worker running
    (`start_worker`). Raises EngineFolderError where the folder is something else, or was written by a newer
    pzdecl.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        account: str = "000000000000",
        region: str = "local",
        partition: str = "aws",
        clock: Callable[[], float] = time.time,
        s3: S3Settings | None = None,
        quotas: quota.Name = "none",
    ) -> None:
        if quotas not in quota.NAMES:
            raise ValueError(f"quotas is {quotas!r}: expected one of {', '.join(quota.NAMES)}")
        self.folder = Path(folder).expanduser().absolute()
        store = Store(self.folder)
        self._context = Context(
            store, account, region, partition, Models(self.folder), ShownLog(self.folder), Sources(self.folder)
        )
        self._context.clock = clock
        self._context.storage = Storage(s3)
        self._context.quotas = quota.BY_NAME[quotas]
        self._throttle = Throttle(self._context.quotas.rates)
        self._operations = operation.load()
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._preparing: threading.Thread | None = None
        self._leave = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def client(self, service_name: str = "personalize") -> EngineClient:
        """An object with boto3's method names: of "personalize" or another of `SERVICES`."""
        if service_name not in SERVICES:
            raise ValueError(
                f"the engine has no service {service_name!r}: expected one of {', '.join(SERVICES)}"
            )
        return EngineClient(self, service_name)

    def call(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Runs an operation by boto3's name (`create_solution`); the result is shaped as boto3's.

        Raises a ServiceError whose `operation` is the API's name (`CreateSolution`).
        """
        found = self._found(operation)
        validate(found.name, found.service, params)
        return self.perform(operation, params)

    def perform(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """The same for a request that was held against the service model already."""
        found = self._found(operation)
        worker = self._worker  # another thread may stop it meanwhile
        if worker is not None and operation.startswith("describe_") and (why := worker.trouble()):
            # What is asked about waits for a job that cannot be worked on: to say so beats waiting for ever.
            raise UnavailableException(why, operation=found.name, lasting=True)
        try:
            self._throttle.take(operation, params)
            with quota.in_force(self._context.quotas):
                result = found.function(self._context, params)
        except ServiceError as error:
            error.operation = error.operation or found.name
            raise
        if found.queues_job and worker is not None:
            worker.wake()
        return result

    def _found(self, name: str) -> operation.Operation:
        found = self._operations.get(name)
        if found is None:
            raise InvalidInputException(f"The built-in engine has no operation {name}", operation=name)
        return found

    def queues_job(self, operation: str) -> bool:
        """Whether an operation leaves work for a worker."""
        found = self._operations.get(operation)
        return found is not None and found.queues_job

    def has_jobs(self) -> bool:
        """Whether anything waits for a worker, or is being worked on by any process."""
        with self._context.store.read() as reader:
            return bool(reader.unfinished())

    def jobs(self) -> dict[tuple[str, str], int]:
        """How many jobs of each kind ("import", "train", …) are "queued" and "running"."""
        with self._context.store.read() as reader:
            counts = reader.query(
                "SELECT kind, state, count(*) FROM jobs WHERE state <> 'finished' GROUP BY kind, state"
            )
        return {(kind, state): count for kind, state, count in counts}

    def trouble(self) -> str | None:
        """Why this process's worker gets no job on; None where it does, or there is none."""
        worker = self._worker
        return worker.trouble() if worker is not None else None

    def arn(self, tail: str) -> str:
        """The ARN of something of this engine: `arn("solution/movies")`."""
        return self._context.arn(tail)

    def progress(self, arn: str) -> Progress | None:
        """How far the newest job of a resource has come; None where none has told yet."""
        with self._context.store.read() as reader:
            models = reader.children(RECOMMENDER_VERSION.type, arn)  # those of a recommender, else none
            told = reader.progress(models[-1].arn if models else arn)
        return Progress(**told) if told else None

    def evaluated(self, version_arn: str) -> Evaluated:
        """How a trained version did: the metrics of each test user, and its learning curve.

        Empty where the version is not trained, or an older pzdecl trained it.
        """
        from pzdecl.engine.serving.evaluation import read_evaluation

        return read_evaluation(model_folder(self.folder, version_arn))

    def trials(self, version_arn: str) -> Trials | None:
        """What hyperparameter optimisation or AutoML tried for a trained version; None where nothing was."""
        from pzdecl.engine.training.tuning.trials import read_trials

        return read_trials(model_folder(self.folder, version_arn))

    def user_segment(
        self, version_arn: str, *, item: str | None = None, where: str | None = None, size: int = 25
    ) -> list[str]:
        """The ids of up to `size` users most likely to take up `item`, or items that fit `where`; best first.

        Raises InvalidInputException for a version of another type, for an unknown item or value, and unless
        exactly one of the two is given; UnavailableException where the model's files can't be read.
        """
        try:
            model = self._context.models.get(version_arn)
        except (OSError, ValueError, KeyError) as error:
            raise UnavailableException(f"The model of {version_arn} can't be loaded ({error})") from error
        try:
            return list(model.get_user_segment(item, where, size))
        except ValueError as error:
            raise InvalidInputException(str(error)) from error

    def shown(self, campaign_arn: str | None = None) -> Iterator[Shown]:
        """The lists that were explored, the oldest first: of one campaign, or of all. 50,000 are kept.

        With what was clicked, `pzdecl.engine.serving.offpolicy` tells what another policy would be worth.
        """
        log: ShownLog = self._context.shown
        return log.read(campaign_arn)

    def prepare(self, *, wait: bool = False) -> None:
        """Loads what campaigns and recommenders serve, in the background: nobody's first request waits for it.

        For processes that stay; `stop()` ends it. Does nothing while it goes on already.

        wait  until it is done
        """
        with self._lock:
            thread = self._preparing
            if thread is None or not thread.is_alive():
                self._leave.clear()
                thread = threading.Thread(target=self._prepare, name="pzdecl-prepare", daemon=True)
                self._preparing = thread
                thread.start()
        if wait:
            thread.join()

    def _prepare(self) -> None:
        from pzdecl.engine.jobs.preparing import prepare

        def check() -> None:
            if self._leave.is_set():
                raise _Leaving

        with contextlib.suppress(_Leaving, EngineFolderError):  # requests are told what the matter is
            prepare(self._context, check)

    def start_worker(self, *, scheduled: bool = True) -> None:
        """Runs queued jobs in threads of this process until `stop()`. Does nothing where they run already.

        scheduled  also begin automatic trainings and updates that are due: for processes that stay

        Raises EngineFolderError where the folder can't be looked through for what killed processes left.
        """
        from pzdecl.engine.jobs.worker import Worker

        with self._lock:
            if self._worker is None:
                worker = Worker(self._context, scheduled=scheduled)
                try:
                    worker.start()
                except OSError as error:
                    raise EngineFolderError(
                        f"{error.filename or self._context.folder} can't be used: {error.strerror}",
                        hint="check its mode and owner, and those of its folder",
                    ) from error
                self._worker = worker

    def stop(self, *, finish: bool = False) -> None:
        """Stops the worker, and what `prepare` began.

        Running jobs are cancelled at their next checkpoint and go back into the queue.

        finish  let every queued and running job come to its end first
        """
        with self._lock:
            worker, self._worker = self._worker, None
            preparing, self._preparing = self._preparing, None
        self._leave.set()
        if worker is not None:
            worker.stop(finish=finish)
        if preparing is not None:
            preparing.join()

    def close(self) -> None:
        """Stops the worker and closes the files. The engine can't be used afterwards."""
        self.stop()
        self._context.shown.close()
        self._context.store.close()


class _Leaving(Exception):
    """The engine is being stopped."""


class EngineClient:
    """boto3's client in shape: one method an operation, keyword arguments, dicts as results."""

    def __init__(self, engine: Engine, service: str) -> None:
        self._engine = engine
        self._names = frozenset(operation.names(service))
        self._service = service

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        if name.startswith("_") or name not in self._names:
            raise AttributeError(f"the engine's {self._service} client has no operation {name}")

        def method(**params: Any) -> dict[str, Any]:
            return self._engine.call(name, params)

        method.__name__ = name
        return method

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *self._names})
