"""Objects below one key of a bucket, written on conditions, and S3's errors in words for its owner."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from pzdecl.errors import MissingExtra
from pzdecl.manifests.model import StateSettings
from pzdecl.state.errors import StateUnwritable

_ATTEMPTS = 6
_BUSY = ("ConditionalRequestConflict", "OperationAborted")
"""Somebody else writes the same object at this moment: S3 asks to try again."""


@lru_cache(maxsize=4)
def _session(profile: str | None, region: str | None) -> Any:
    """A session of boto3: reading its description of the service takes a while, and is done once."""
    import boto3

    return boto3.Session(profile_name=profile, region_name=region)


class Conflict(Exception):
    """The object is not what the writer has seen: nothing was written."""


class Bucket:
    """The objects of one state. Every method may raise StateUnwritable. For any thread."""

    def __init__(self, settings: StateSettings) -> None:
        try:
            import boto3  # noqa: F401 - used by _session
            from botocore.config import Config
        except ImportError as error:
            raise MissingExtra("boto3", "aws") from error
        self.where = f"s3://{settings.bucket}/{settings.key}"
        self._bucket, self._key = settings.bucket, settings.key
        self._options: dict[str, str] = {}
        if settings.kms_key:
            self._options = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key}
        config = Config(
            connect_timeout=10,
            read_timeout=60,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            # Other stores know neither buckets as hosts nor the newer checksums.
            s3={"addressing_style": "path"} if settings.endpoint else {},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        with self._translated():
            session = _session(settings.profile, settings.region)
            self._client = session.client("s3", endpoint_url=settings.endpoint, config=config)

    def get(self, name: str) -> tuple[bytes, str] | None:
        """An object and its ETag; None where there is none."""
        from botocore.exceptions import ClientError

        with self._translated():
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=f"{self._key}/{name}")
                return answer["Body"].read(), answer["ETag"]
            except ClientError as error:
                if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                    return None
                raise

    def put(self, name: str, content: bytes, *, seen: str | None) -> str:
        """Writes an object whose ETag is `seen`, or that isn't there yet (None). Returns the new ETag.

        Raises Conflict where it is not so (which an attempt of this very write may have brought about, whose
        answer was lost).
        """
        from botocore.exceptions import ClientError

        condition = {"IfNoneMatch": "*"} if seen is None else {"IfMatch": seen}
        with self._translated():
            for attempt in range(_ATTEMPTS):
                try:
                    answer = self._client.put_object(
                        Bucket=self._bucket,
                        Key=f"{self._key}/{name}",
                        Body=content,
                        **condition,
                        **self._options,
                    )
                    return str(answer["ETag"])
                except ClientError as error:
                    code = error.response["Error"]["Code"]
                    if code in ("PreconditionFailed", "412") or (seen is not None and code == "NoSuchKey"):
                        raise Conflict from error
                    if code not in _BUSY or attempt == _ATTEMPTS - 1:
                        raise
                    time.sleep(0.05 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def delete(self, name: str) -> None:
        """Removes an object; that it can't be removed matters to nobody."""
        with suppress(StateUnwritable), self._translated():
            self._client.delete_object(Bucket=self._bucket, Key=f"{self._key}/{name}")

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except ClientError as error:
            told = error.response.get("Error", {})
            code, message = str(told.get("Code", "Unknown")), str(told.get("Message", error))
            raise StateUnwritable(
                f"the state {self.where} can't be used: {code}: {message}", hint=_remedy(code)
            ) from error
        except (BotoCoreError, ValueError) as error:
            raise StateUnwritable(
                f"the state {self.where} can't be reached: {error}",
                hint="check state.region, profile and endpoint in pzdecl.yaml, your credentials and the "
                "network. What was done is recorded: run the same command again to go on",
            ) from error


def _remedy(code: str) -> str:
    if code in ("AccessDenied", "403"):
        return (
            "these credentials need s3:GetObject, PutObject and DeleteObject below the key, and s3:ListBucket "
            "on the bucket (without it, S3 calls a missing object forbidden)"
        )
    if code in ("NoSuchBucket", "404"):
        return "make the bucket first, or name another one with state.bucket"
    if code in ("NotImplemented", "501"):
        return "this store knows no conditional writes, without which no state is safe in it"
    return "what was done is recorded: run the same command again to go on"
