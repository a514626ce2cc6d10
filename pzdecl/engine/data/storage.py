"""What jobs read and write: paths of this machine, and Amazon S3 or what stands in for it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pzdecl.engine.data.location import data_files, local_path
from pzdecl.engine.data.parts import flush
from pzdecl.errors import MissingExtra, PzdeclError

_S3 = re.compile(r"s3://([^/]+)(?:/(.*))?", re.IGNORECASE | re.DOTALL)


class StorageError(PzdeclError):
    """A location could not be read or written."""


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where `s3://bucket/key` is.

    root      a folder that stands in for S3: `s3://bucket/key` is the file `bucket/key` in it
    endpoint  the URL of what answers S3's API; boto3's own choice unless given
    region, profile
              boto3's, each as it finds it unless given
    """

    root: Path | None = None
    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None


class Storage:
    """Reads and writes by location: a path, `file://` and a path, or `s3://bucket/key`."""

    def __init__(self, s3: S3Settings | None = None) -> None:
        self._s3 = s3 or S3Settings()
        self._client: Any = None

    def absolute(self, location: str) -> str:
        """The location as it means the same in every process. Raises ValueError for one that can't be used."""
        if _S3.fullmatch(location):
            self._mapped(location)
            return location
        return str(local_path(location).absolute())

    def fetch(self, location: str, into: Path, check: Callable[[], None]) -> Path:
        """The file or folder at a location, on this machine. Objects of S3 are copied to the folder `into`.

        What an earlier attempt has copied to `into` stays as it is. `check` is called between objects and may
        raise. Raises StorageError.
        """
        path = self._local(location)
        if path is not None:
            if _S3.fullmatch(location):
                self._check_inside(path, location)
            return path
        if not into.exists():
            draft = into.with_name(f"{into.name}.draft")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            with _telling(location):
                for bucket, key, name in self._objects(location):
                    check()
                    target = draft / name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    self._boto().download_file(bucket, key, str(target))
            draft.rename(into)
        names = [one for one in into.rglob("*") if one.is_file()]
        return names[0] if len(names) == 1 and not location.endswith("/") else into

    def deliver(self, files: Mapping[str, Path], location: str, mark: str) -> None:
        """Copies files to a folder under the names given, each of them whole or not at all, in their order.

        mark  goes into the names of unfinished copies: another attempt with the same one writes over them

        Raises StorageError.
        """
        folder = self._local(location)
        for name, source in files.items():
            if folder is None:
                bucket, prefix = _parts(location)
                key = f"{prefix.rstrip('/')}/{name}".lstrip("/")
                with _telling(location):
                    self._boto().upload_file(str(source), bucket, key)
                continue
            target = folder / name
            draft = target.with_name(f".{target.name}.{mark}.tmp")
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, draft)
                flush(draft)
                os.replace(draft, target)
                flush(target)
            except OSError as error:
                with suppress(OSError):
                    draft.unlink()
                raise StorageError(
                    f"{location} can't be written to: {error.strerror or error}",
                    hint="name a folder that this process may write to",
                ) from error

    def _local(self, location: str) -> Path | None:
        """The path behind a location; None where it is in S3."""
        try:
            return self._mapped(location) if _S3.fullmatch(location) else local_path(location)
        except ValueError as error:
            raise StorageError(str(error)) from error

    def _mapped(self, location: str) -> Path | None:
        """Where `s3://bucket/key` is below the root, without a way out of it; None without a root."""
        bucket, key = _parts(location)
        if self._s3.root is None:
            return None
        root = self._s3.root.resolve()
        path = root.joinpath(bucket, *PurePosixPath(key).parts)
        ways_out = {"..", "."} & {bucket, *PurePosixPath(key).parts}
        if "\0" in location or ways_out or key.startswith("/"):
            raise ValueError(f"Invalid Data location. {location!r} is no place below a bucket")
        if not path.resolve().is_relative_to(root):
            raise ValueError(f"Invalid Data location. {location} leads out of the folder that stands for S3")
        return path

    def _check_inside(self, path: Path, location: str) -> None:
        """Raises StorageError where a file of a folder is a link that leads out of the root."""
        assert self._s3.root is not None
        root = self._s3.root.resolve()
        for name, file in data_files(path) if path.is_dir() else ():
            if not file.resolve().is_relative_to(root):
                raise StorageError(
                    f"Invalid Data location. {location}: {name} leads out of the folder that stands for S3"
                )

    def _objects(self, location: str) -> Iterator[tuple[str, str, str]]:
        """Bucket, key and name of what is at a location: one object, or all below a prefix."""
        bucket, key = _parts(location)
        prefix = key if not key or key.endswith("/") else f"{key}/"
        pages = self._boto().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
        found = 0
        for page in pages:
            for entry in page.get("Contents", ()):
                one = str(entry["Key"])
                if one == key and not one.endswith("/"):
                    yield bucket, one, PurePosixPath(one).name
                    return
                name = one.removeprefix(prefix)
                if not one.startswith(prefix) or one.endswith("/") or _hidden(name):
                    continue
                found += 1
                yield bucket, one, name
        if not found:
            raise StorageError(
                f"Invalid Data location. There is nothing at {location}", hint="name an object or a prefix"
            )

    def _boto(self) -> Any:
        if self._client is None:
            try:
                import boto3
            except ImportError as error:
                raise MissingExtra("boto3", "aws") from error
            session = boto3.Session(profile_name=self._s3.profile, region_name=self._s3.region)
            self._client = session.client("s3", endpoint_url=self._s3.endpoint)
        return self._client


def _parts(location: str) -> tuple[str, str]:
    found = _S3.fullmatch(location)
    if found is None:
        raise ValueError(f"Invalid Data location. {location}: expected s3://BUCKET/KEY")
    return found[1], found[2] or ""


def _hidden(name: str) -> bool:
    """Names that would lead elsewhere, or that a folder of files would pass over."""
    return any(part.startswith(".") for part in PurePosixPath(name).parts) or name.startswith("/")


class _telling:
    """Turns what boto3 raises into a StorageError that names the location."""

    def __init__(self, location: str) -> None:
        self._location = location

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, PzdeclError):
            return
        module = type(error).__module__.split(".")[0]
        if module in {"botocore", "boto3", "s3transfer"} or isinstance(error, OSError):
            raise StorageError(
                f"{self._location} can't be reached: {error}",
                hint="look at the bucket's name, the credentials and the endpoint (AWS_ENDPOINT_URL_S3)",
            ) from error
