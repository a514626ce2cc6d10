"""`python -m pzdecl.views.schemas [--check] DIR`: writes the schemas of plans and of test files.

With `--check` it only says which of them are out of date.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = "plan.schema.json"
TEST_NAME = "test.schema.json"


def plan_schema() -> dict[str, Any]:
    """The draft-07 JSON Schema of `PlanDocument`."""
    from pydantic import TypeAdapter

    from pzdecl.views.json_plan import PlanDocument

    schema = TypeAdapter(PlanDocument).json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": "A plan of pzdecl"}


def test_schema() -> dict[str, Any]:
    """The draft-07 JSON Schema of test files."""
    from pzdecl.manifests.schemas import DRAFT, definitions_of
    from pzdecl.rehearsal.specs import TestDocument

    definitions = definitions_of([TestDocument])
    top = definitions.pop("TestDocument")
    return {"$schema": DRAFT, **top, "title": "A test of a pzdecl project", "definitions": definitions}


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {NAME: plan_schema, TEST_NAME: test_schema}


def text(make: Callable[[], dict[str, Any]] = plan_schema) -> str:
    """A file's content."""
    return json.dumps(make(), indent=2, sort_keys=True) + "\n"


def main() -> int:
    """Writes or checks; 1 where a file is not current."""
    parser = argparse.ArgumentParser(prog="python -m pzdecl.views.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the files are current")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    status = 0
    for name, make in SCHEMAS.items():
        path = given.folder / name
        if not given.check:
            path.write_text(text(make), encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text(make):
            sys.stderr.write(f"{path} is not current: run `make schemas`\n")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
