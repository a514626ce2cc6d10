"""Run in processes of their own: a search with toy recipes, and the trials that it starts."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.tuning import child, search
from tests.engine.training.tuning import toys

MODULE = "tests.engine.training.tuning.program"


def main() -> None:
    """With a file's name: the search that it describes, on two cores. Without: a trial."""
    RECIPES.update(toys.RECIPES)
    if len(sys.argv) == 1:
        child.main()
        return
    given = json.loads(Path(sys.argv[1]).read_text())
    child.MODULE = MODULE
    search.cores = lambda: given["cores"]
    data = {kind: [Path(path) for path in paths] for kind, paths in given["data"].items()}
    search.search(given["solution"], data, Path(given["folder"]), lambda _: None, lambda: False)


if __name__ == "__main__":
    main()
