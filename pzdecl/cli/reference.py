"""`python -m pzdecl.cli.reference [--check] FILE`: writes the reference of commands from the commands."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from typer.core import TyperGroup

from pzdecl.cli.app import COMMANDS, command, everywhere_options

HEAD = """\
# Commands

This page is generated from the commands (`make schemas`); `make check` says when it is out of date.

```
pzdecl [OPTIONS] COMMAND [OPTIONS]
```

Results go to standard output, everything else to standard error. Without a terminal nothing is ever asked: what
is missing is an error that names the flag.

## Exit statuses

| exit | meaning |
| --- | --- |
| 0 | done, or no changes |
| 1 | error |
| 2 | `plan --detailed-exitcode`: there are changes; `drift`: there is drift |
| 3 | `fmt --check`: a file would change |
| 4 | a policy or protection refused something; the rest of an `apply` is done |
| 5 | the saved plan is stale |
| 6 | the state is locked by somebody else |
| 7 | `apply` was partial: something failed, what did not depend on it is done |
| 8 | still running at `--timeout`; run again to go on |
| 64 | wrong usage |
| 130 | interrupted; run again to go on |

## Environment variables

| variable | what it does |
| --- | --- |
| `PZDECL_ENV` | the environment, as `-e` |
| `PZDECL_VAR_name` | the value of the variable `name` |
| `PZDECL_IN_AUTOMATION` | any value: no hints about what to type next, no questions |
| `PZDECL_DEVICE` | where networks are trained: `auto` (a GPU where there is one), `cpu` or `cuda` |
| `PZDECL_DEBUG` | any value: a bug shows its traceback |
| `CI` | any value: no questions |
| `NO_COLOR`, `FORCE_COLOR`, `TERM=dumb` | no colour, colour, no colour |

## Options that every command takes

Before or after the command's name.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_table(everywhere_options()), *_commands()]) + "\n"


def _commands() -> Iterator[str]:
    common = {name for parameter in everywhere_options() for name in parameter.opts}
    for name in COMMANDS:
        made = command(name)
        if isinstance(made, TyperGroup):
            yield from _heading(f"pzdecl {name}", made)
            for leaf_name, leaf in made.commands.items():
                yield from _command(f"pzdecl {name} {leaf_name}", leaf, common, level=3)
        else:
            yield from _command(f"pzdecl {name}", made, common)


def _heading(title: str, made: Any, level: int = 2) -> Iterator[str]:
    yield ""
    yield f"{'#' * level} {title}"
    yield ""
    yield inspect.cleandoc(made.help or "")


def _command(title: str, made: Any, common: set[str], level: int = 2) -> Iterator[str]:
    own = [p for p in made.params if not common & set(p.opts)]
    arguments = [p for p in own if p.param_type_name == "argument"]
    yield from _heading(" ".join([title, *(_argument(p) for p in arguments)]), made, level)
    if own:
        yield ""
        yield from _table(own)


def _argument(parameter: Any) -> str:
    name = parameter.metavar or parameter.name.upper()
    return name if parameter.required else f"[{name}]"


def _table(parameters: Sequence[Any]) -> Iterator[str]:
    yield "| option | what it does |"
    yield "| --- | --- |"
    for parameter in parameters:
        if parameter.param_type_name == "argument":
            name = f"`{_argument(parameter)}`"
        else:
            value = "" if parameter.is_flag else f" {parameter.metavar or _value(parameter)}"
            name = ", ".join(f"`{option}{value}`" for option in parameter.opts)
        text = (parameter.help or "").replace("|", "\\|")
        shown = name.replace("|", "\\|")
        yield f"| {shown} | {text} |"


def _value(parameter: Any) -> str:
    return str(parameter.name).upper()


def main(arguments: list[str]) -> int:
    """Writes the page, or checks it; 1 where it is not current."""
    parser = argparse.ArgumentParser(prog="python -m pzdecl.cli.reference", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether the page is current")
    parser.add_argument("file", type=Path)
    given = parser.parse_args(arguments)
    if not given.check:
        given.file.parent.mkdir(parents=True, exist_ok=True)
        given.file.write_text(page(), encoding="utf-8")
        return 0
    if given.file.exists() and given.file.read_text(encoding="utf-8") == page():
        return 0
    sys.stderr.write(f"{given.file} is not current: run `make schemas`\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
