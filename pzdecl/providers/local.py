"""The built-in engine as a provider: the API in process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.api.quotas import Name as Quotas
from pzdecl.engine.data.storage import S3Settings
from pzdecl.engine.engine import Engine
from pzdecl.engine.progress import Progress
from pzdecl.providers.client import ROLE_ASKED, check_reads

if TYPE_CHECKING:
    from pzdecl.engine.serving.evaluation import Evaluated
    from pzdecl.engine.training.tuning.trials import Trials

NO_ROLE = "arn:aws:iam::000000000000:role/none"


class LocalClient:
    """A `Client` over an engine's folder.

    The engine's worker is started by the first call that leaves work for it. A client that may write also
    starts it when it finds work that an earlier process left, unless `resumes` is false; a `read_only` one
    never does, and writes nothing.
    """

    def __init__(self, engine: Engine, *, read_only: bool = False, resumes: bool = True) -> None:
        self._engine = engine
        self._read_only = read_only
        if resumes and not read_only and engine.has_jobs():
            engine.start_worker(scheduled=False)

    @property
    def engine(self) -> Engine:
        """The engine behind the client."""
        return self._engine

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs a describe, list or get operation. Raises ServiceError; ValueError for a writing operation."""
        check_reads(operation)
        return self._engine.call(operation, params)

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs any operation. Raises ServiceError; ValueError for a writing operation on a read-only client."""
        if self._read_only:
            return self.read(operation, **params)
        params = _with_role(operation, params)
        result = self._engine.call(operation, params)
        if self._engine.queues_job(operation):
            self._engine.start_worker(scheduled=False)
        return result

    def arn(self, tail: str) -> str:
        """The ARN of something in the engine's account and region."""
        return self._engine.arn(tail)

    def progress(self, arn: str) -> Progress | None:
        """How far the import or training behind an ARN has come."""
        return self._engine.progress(arn)

    def evaluated(self, version_arn: str) -> Evaluated:
        """How a trained version did: the metrics of each test user, the learning curve."""
        return self._engine.evaluated(version_arn)

    def trials(self, version_arn: str) -> Trials | None:
        """What optimisation or AutoML tried for a trained version; None where nothing was."""
        return self._engine.trials(version_arn)

    def user_segment(
        self, version_arn: str, *, item: str | None = None, where: str | None = None, size: int = 25
    ) -> list[str]:
        """The users most likely to take something up: see `Engine.user_segment`."""
        return self._engine.user_segment(version_arn, item=item, where=where, size=size)

    def close(self) -> None:
        """Stops the worker: a running job goes back into the queue, for the next process to go on with."""
        self._engine.close()


def _with_role(operation: str, params: dict[str, Any]) -> dict[str, Any]:
    """The request with a role where the API asks for one. The engine reads and writes as this process."""
    if operation in ROLE_ASKED:
        return {"roleArn": NO_ROLE, **params}
    if "metricsOutputConfig" in params:
        return {**params, "metricsOutputConfig": {"roleArn": NO_ROLE, **params["metricsOutputConfig"]}}
    return params


def open_local(
    folder: Path,
    *,
    read_only: bool = False,
    resumes: bool = True,
    s3_root: Path | None = None,
    quotas: Quotas = "none",
) -> LocalClient:
    """Opens the engine in a folder; `s3_root` is one that stands in for Amazon S3, `quotas` those in force.

    Raises EngineFolderError where it can't be one.
    """
    engine = Engine(folder, s3=S3Settings(s3_root), quotas=quotas)
    return LocalClient(engine, read_only=read_only, resumes=resumes)
