"""The API's own description, read straight from the data files that botocore installs.

botocore itself is not imported: its files are plain JSON, and reading them takes a few milliseconds.
"""

from __future__ import annotations

import functools
import gzip
import importlib.util
import json
import re
from pathlib import Path
from typing import Any

from pzdecl.errors import MissingExtra

VERSIONS = {
    "personalize": "2018-05-22",
    "personalize-runtime": "2018-05-22",
    "personalize-events": "2018-03-22",
}


@functools.cache
def service_model(service: str) -> dict[str, Any]:
    """The service model of "personalize", "personalize-runtime" or "personalize-events".

    Raises MissingExtra where botocore is not installed.
    """
    spec = importlib.util.find_spec("botocore")
    if spec is None or spec.origin is None:
        raise MissingExtra("botocore", "engine")
    folder = Path(spec.origin).parent / "data" / service / VERSIONS[service]
    packed = folder / "service-2.json.gz"
    if packed.exists():
        text = gzip.decompress(packed.read_bytes())
    elif (folder / "service-2.json").exists():
        text = (folder / "service-2.json").read_bytes()
    else:
        raise MissingExtra(f"botocore's description of {service} {VERSIONS[service]}", "engine")
    model: dict[str, Any] = json.loads(text)
    return model


def members(shape: str, service: str = "personalize") -> tuple[str, ...]:
    """The member names of a structure, in the model's order."""
    return tuple(service_model(service)["shapes"][shape]["members"])


def input_shape(operation: str, service: str) -> str | None:
    """The name of an operation's input shape ("CreateSolutionRequest"), or None for an unknown operation."""
    description = service_model(service)["operations"].get(operation)
    return description["input"]["shape"] if description else None


@functools.cache
def snake(name: str) -> str:
    """boto3's name of an operation: CreateDatasetGroup becomes create_dataset_group."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
