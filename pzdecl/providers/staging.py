"""Staging: files of this machine are put into a bucket, by their content, for Amazon Personalize to read.

A file goes to `PREFIX/SHA256/NAME`, a folder to `PREFIX/SHA256/` with its files below. So equal content is not
sent twice, changed content never takes the place of what a running job reads, and what a killed run left is
either whole or not there: Amazon S3 shows an object once all of it has arrived, and a job is created then.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Protocol

from pzdecl.engine.data.location import data_files, folder_digest
from pzdecl.engine.errors import InvalidInputException, ServiceError
from pzdecl.providers.troubles import advice

MIB = 1024 * 1024
PART = 8 * MIB
PARTS = 9_000
"""Parts of one upload at most; Amazon S3 takes 10,000."""
_DENIED = {"403", "AccessDenied", "AllAccessDisabled"}
_NEEDS = {
    "ListObjectsV2": "s3:ListBucket on arn:aws:s3:::{bucket}",
    "AbortMultipartUpload": "s3:AbortMultipartUpload on arn:aws:s3:::{objects}",
}
"""The permission that an operation takes, where it is not s3:PutObject."""


@dataclass(frozen=True, slots=True)
class Staging:
    """The place of staged files.

    bucket, prefix  in Amazon S3; the prefix has no slash at either end and may be empty
    endpoint        the URL of something else that answers S3's API; boto3's own choice unless given
    kms_key         the KMS key that S3 encrypts what is staged with
    root            a folder that stands in for Amazon S3: `s3://bucket/key` is the file `bucket/key` in it
    """

    bucket: str
    prefix: str = ""
    endpoint: str | None = None
    kms_key: str | None = None
    root: Path | None = None

    def location(self, sha256: str, path: Path) -> str:
        """Where the file or folder at `path`, with content of that digest, is found once it is staged."""
        return f"s3://{self.bucket}/{self.key(sha256)}{path.name if path.is_file() else ''}"

    def key(self, sha256: str) -> str:
        """What the keys of the objects of one content begin with, a slash at the end."""
        return f"{self.prefix}/{sha256}/" if self.prefix else f"{sha256}/"


class Bucket(Protocol):
    """What staging needs of the place."""

    def sizes(self, prefix: str) -> dict[str, int]:
        """Bytes of every object whose key begins so, by key."""
        ...

    def put(self, key: str, content: Content, size: int) -> None:
        """Writes an object, whole or not at all. What `content` raises is passed on."""
        ...


class Stager:
    """Puts files where Amazon Personalize finds them. `s3` makes boto3's client when it is first needed."""

    def __init__(self, staging: Staging, s3: Any) -> None:
        self._staging = staging
        self._s3 = s3

    def stage(self, path: Path, operation: str) -> str:
        """Uploads what is not there yet and returns the location. Raises ServiceError: nothing was created.

        path       a file, or a folder whose files are uploaded without hidden ones
        operation  the API's name of what the data is for, for messages
        """
        files = [(name, one, *_digest(one, operation)) for name, one in data_files(path)]
        if not files:
            raise InvalidInputException(
                f"there is nothing at {path}: expected a file, or a folder with files", operation=operation
            )
        whole = path.is_file()
        sha256 = files[0][2] if whole else folder_digest((name, digest) for name, _, digest, _ in files)
        prefix = self._staging.key(sha256)
        with _telling(self._staging, operation):
            bucket = self._bucket()
            there = bucket.sizes(prefix)
            for name, one, digest, size in files:
                if there.get(prefix + name) != size:
                    with one.open("rb") as file:
                        bucket.put(prefix + name, Content(file, one, digest), size)
        return self._staging.location(sha256, path)

    def _bucket(self) -> Bucket:
        if self._staging.root is not None:
            return _Folder(self._staging.root / self._staging.bucket)
        return _S3Bucket(self._s3(), self._staging)


class Content:
    """A file that is read once from beginning to end, and must have the content that its key says.

    A file that is written to meanwhile would else be staged under another content's name: its last read raises
    InvalidInputException, which ends the upload before the object is seen.
    """

    def __init__(self, file: IO[bytes], path: Path, sha256: str) -> None:
        self._file = file
        self._path = path
        self._sha256 = sha256
        self._read = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes, fewer than asked for at the end alone."""
        data = self._file.read(size)
        self._read.update(data)
        if (size < 0 or len(data) < size) and self._read.hexdigest() != self._sha256:
            raise InvalidInputException(
                f"{self._path} was changed while it was uploaded; nothing was imported: run again when "
                "nothing writes to it"
            )
        return data


class _S3Bucket:
    """A bucket of Amazon S3, or of what answers its API."""

    def __init__(self, client: Any, staging: Staging) -> None:
        self._client = client
        self._name = staging.bucket
        self._extra: dict[str, str] = {"ChecksumAlgorithm": "SHA256"}
        if staging.kms_key:
            self._extra |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": staging.kms_key}

    def sizes(self, prefix: str) -> dict[str, int]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix)
        return {one["Key"]: int(one["Size"]) for page in pages for one in page.get("Contents", ())}

    def put(self, key: str, content: Content, size: int) -> None:
        from boto3.s3.transfer import TransferConfig

        part = max(PART, -(-size // PARTS))
        config = TransferConfig(multipart_threshold=part, multipart_chunksize=part)
        self._client.upload_fileobj(content, self._name, key, ExtraArgs=self._extra, Config=config)


class _Folder:
    """A folder that stands in for a bucket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sizes(self, prefix: str) -> dict[str, int]:
        below = self._folder / prefix
        found = data_files(below) if below.is_dir() else []
        return {prefix + name: one.stat().st_size for name, one in found}

    def put(self, key: str, content: Content, size: int) -> None:
        del size
        target = self._folder.joinpath(*PurePosixPath(key).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                while block := content.read(MIB):
                    file.write(block)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, target)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise


def _digest(path: Path, operation: str) -> tuple[str, int]:
    """SHA-256 (hex) and bytes of a file. Raises InvalidInputException where it can't be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return digest.hexdigest(), file.tell()
    except OSError as error:
        raise InvalidInputException(
            f"{path} can't be read: {error.strerror or error}", operation=operation
        ) from error


@contextmanager
def _telling(staging: Staging, operation: str) -> Iterator[None]:
    """Errors of Amazon S3 and of the disk in words that say which setting and which permission to look at."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    place = f"s3://{staging.bucket}/{staging.prefix}".rstrip("/")
    try:
        yield
    except ServiceError:
        raise
    except ClientError as error:
        raise _refused(place, staging, error, operation) from error
    except (BotoCoreError, Boto3Error, OSError) as error:
        raise _failed(place, str(error), operation) from error


def _refused(place: str, staging: Staging, error: Any, operation: str) -> ServiceError:
    told: Mapping[str, str] = error.response.get("Error", {})
    code, message = str(told.get("Code", "Unknown")), str(told.get("Message", ""))
    if code in {"NoSuchBucket", "404"}:
        return InvalidInputException(
            f"there is no bucket {staging.bucket}, which provider.staging names: create it in the region of "
            "the dataset group, or correct the name",
            operation=operation,
        )
    if code in _DENIED:
        return InvalidInputException(
            f"{place} can't be written to ({code}: {message}): whoever applies needs "
            f"{_needed(staging, error.operation_name, message)}",
            operation=operation,
        )
    hint = advice(code, message)
    return _failed(place, f"{code}: {message}" + (f"; {hint}" if hint else ""), operation)


def _needed(staging: Staging, operation: str, message: str) -> str:
    """The permissions that a refused operation of Amazon S3 takes, on what."""
    objects = f"{staging.bucket}/{staging.prefix}/*" if staging.prefix else f"{staging.bucket}/*"
    found = _NEEDS.get(operation, "s3:PutObject on arn:aws:s3:::{objects}")
    needed = found.format(bucket=staging.bucket, objects=objects)
    key = staging.kms_key or ("the bucket's KMS key" if "kms" in message.lower() else None)
    if key and operation not in _NEEDS:
        needed += f", and kms:GenerateDataKey and kms:Decrypt on {key}"
    return f"{needed}; if it has that, the bucket's own policy refuses it"


def _failed(place: str, why: str, operation: str) -> ServiceError:
    return InvalidInputException(
        f"nothing could be staged at {place}: {why}; nothing was imported: run again to go on",
        operation=operation,
    )
