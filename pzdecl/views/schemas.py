"""`python -m pzdecl.views.schemas [--check] DIR`: writes `plan.schema.json`, or says that it is out of date."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

NAME = "plan.schema.json"


def plan_schema() -> dict[str, Any]:
    """The draft-07 JSON Schema of `PlanDocument`."""
    from pydantic import TypeAdapter

    from pzdecl.views.json_plan import PlanDocument

    schema = TypeAdapter(PlanDocument).json_schema(ref_template="#/definitions/{model}")
    schema["definitions"] = schema.pop("$defs")
    return {"$schema": "http://json-schema.org/draft-07/schema#", **schema, "title": "A plan of pzdecl"}


def text() -> str:
    """The file's content."""
    return json.dumps(plan_schema(), indent=2, sort_keys=True) + "\n"


def main() -> int:
    """Writes or checks; 1 where the file is not current."""
    parser = argparse.ArgumentParser(prog="python -m pzdecl.views.schemas", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the file is current")
    parser.add_argument("folder", type=Path)
    given = parser.parse_args()
    path = given.folder / NAME
    if not given.check:
        path.write_text(text(), encoding="utf-8")
        return 0
    if path.exists() and path.read_text(encoding="utf-8") == text():
        return 0
    sys.stderr.write(f"{path} is not current: run `make schemas`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
