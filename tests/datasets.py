"""Where real data sets are looked for: `PZDECL_DATA`, or `../shared/data` beside the checkout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASE = Path(os.environ.get("PZDECL_DATA", ROOT.parent / "shared" / "data"))


def find(name: str) -> Path | None:
    """The folder of the data set `name` (interactions.csv, items.csv, users.csv), or None."""
    folder = BASE / name
    return folder if (folder / "interactions.csv").is_file() else None


def splits(name: str) -> Path | None:
    """The folder of a data set's split into train.csv.gz, valid.csv.gz and test.csv.gz, or None."""
    folder = BASE / "splits" / name
    return folder if (folder / "train.csv.gz").is_file() else None


def require(name: str) -> Path:
    """The folder for a test, which is skipped with the reason where the data set is missing.

    Its interactions may be packed: interactions.csv.gz.
    """
    folder = find(name) or BASE / name
    if not any((folder / file).is_file() for file in ("interactions.csv", "interactions.csv.gz")):
        pytest.skip(f"the data set {name} is not here: set PZDECL_DATA to a folder that holds {name}/")
    return folder
