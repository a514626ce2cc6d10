"""Options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from pzdecl.cli.session import session
from pzdecl.errors import PzdeclError


def _root(value: Path | None) -> None:
    if value is not None:
        # As git and make do: every path on the command line is then meant from there.
        if not value.is_dir():
            raise PzdeclError(f"{value} is not a folder", hint="name the project's folder with -C DIR")
        os.chdir(value)
        session().directory = os.path.join(session().directory or "", value)


def _environment(value: str | None) -> None:
    if value is not None:
        session().environment = value


def _no_color(value: bool) -> None:
    if value:
        session().color = False


def _variables(values: list[str] | None) -> None:
    session().variables += values or []


def _var_files(values: list[Path] | None) -> None:
    session().var_files += values or []


def _format(value: str) -> str:
    # Eager: a mistake in any other option is then told in the asked-for format.
    session().format = value
    return value


def everywhere(
    directory: Annotated[
        Path | None,
        typer.Option(
            "-C",
            "--chdir",
            metavar="DIR",
            help="Works in this folder, as if started there.",
            callback=_root,
            expose_value=False,
        ),
    ] = None,
    environment: Annotated[
        str | None,
        typer.Option(
            "-e",
            "--env",
            metavar="ENV",
            help="The environment of pzdecl.yaml to use (as PZDECL_ENV).",
            callback=_environment,
            expose_value=False,
        ),
    ] = None,
    no_color: Annotated[
        bool,
        typer.Option("--no-color", help="Plain text (as NO_COLOR).", callback=_no_color, expose_value=False),
    ] = False,
    variables: Annotated[
        list[str] | None,
        typer.Option(
            "--var",
            metavar="NAME=VALUE",
            help="Sets a variable. May be given again.",
            callback=_variables,
            expose_value=False,
        ),
    ] = None,
    var_files: Annotated[
        list[Path] | None,
        typer.Option(
            "--var-file",
            metavar="FILE",
            help="A YAML file of variables. May be given again.",
            callback=_var_files,
            expose_value=False,
        ),
    ] = None,
) -> None:
    """The options that every command takes, before or after its name."""


def _of(*formats: str) -> str:
    return "How to write the result: " + ", ".join(formats) + "."


TextOrJson = Annotated[
    Literal["text", "json"],
    typer.Option("--format", help=_of("text", "json"), callback=_format, is_eager=True),
]
ValidateFormat = Annotated[
    Literal["text", "json", "github", "junit", "sarif"],
    typer.Option(
        "--format", help=_of("text", "json", "github", "junit", "sarif"), callback=_format, is_eager=True
    ),
]
PlanFormat = Annotated[
    Literal["text", "json", "markdown", "github", "junit", "sarif"],
    typer.Option(
        "--format",
        help=_of("text", "json", "markdown", "github", "junit", "sarif"),
        callback=_format,
        is_eager=True,
    ),
]
RunFormat = Annotated[
    Literal["text", "jsonl"],
    typer.Option("--format", help=_of("text", "jsonl (one event a line)"), callback=_format, is_eager=True),
]
MetricsFormat = Annotated[
    Literal["text", "json", "markdown"],
    typer.Option("--format", help=_of("text", "json", "markdown"), callback=_format, is_eager=True),
]
TestFormat = Annotated[
    Literal["text", "json", "junit"],
    typer.Option("--format", help=_of("text", "json", "junit"), callback=_format, is_eager=True),
]
GraphFormat = Annotated[
    Literal["dot", "mermaid"],
    typer.Option("--format", help=_of("dot", "mermaid"), callback=_format, is_eager=True),
]
NoRefresh = Annotated[
    bool, typer.Option("--no-refresh", help="Trust the state; do not look at what really runs.")
]
RefreshOnly = Annotated[
    bool,
    typer.Option(
        "--refresh-only",
        help="Takes into the state what was changed outside of pzdecl, and changes nothing else.",
    ),
]
AllowDestroy = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-destroy",
        metavar="ADDR",
        help="Lets this resource, which holds data, be deleted or replaced. May be given again.",
    ),
]
Retrain = Annotated[
    list[str] | None,
    typer.Option(
        "--retrain",
        metavar="ADDR",
        help="Trains or imports this again though nothing changed. May be given again.",
    ),
]
Replace = Annotated[
    list[str] | None,
    typer.Option(
        "--replace", metavar="ADDR", help="Replaces this resource though nothing changed. May be given again."
    ),
]
Target = Annotated[
    list[str] | None,
    typer.Option(
        "--target",
        metavar="SELECTOR",
        help="Plans this and what it needs only: Kind/name, a pattern, kind:campaign, tag:team=x, "
        "changed-since:REF; with + before it or after it, what it needs or what needs it. May be given again.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="SELECTOR",
        help="Leaves this and what needs it out of the plan; selectors as for --target. May be given again.",
    ),
]
Expect = Annotated[
    str | None,
    typer.Option(
        "--expect",
        metavar="sha256:HEX",
        help="Applies only the plan with this digest, which plan --format json and markdown tell.",
    ),
]
AutoApprove = Annotated[bool, typer.Option("--auto-approve", help="Does not ask before it starts.")]
Parallelism = Annotated[
    int,
    typer.Option("--parallelism", min=1, metavar="N", help="Requests under way at once; waiting takes none."),
]
Timeout = Annotated[
    str | None,
    typer.Option(
        "--timeout",
        metavar="TIME",
        help="Stop waiting after this long (90s, 30m, 2h). What runs goes on; the next run waits for it.",
    ),
]
LockTimeout = Annotated[
    str, typer.Option("--lock-timeout", metavar="TIME", help="How long to wait for the state's lock (10s, 5m).")
]


def seconds(text: str, option: str) -> float:
    """Reads `90`, `90s`, `30m`, `2h`. Raises UsageError."""
    from pzdecl.errors import UsageError

    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], units[text[-1]]) if text[-1:] in units else (text, 1)
    try:
        value = float(number) * unit
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(
            f"{option} {text!r} is not a time", hint="expected a number and s, m or h, such as 90s or 30m"
        )
    return value
