"""The tree of commands. A command's module is imported when it is asked for, so that start-up stays short."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pzdecl.cli.options import everywhere
from pzdecl.cli.session import session
from pzdecl.errors import Interrupted, nearest

COMMANDS = (
    "init",
    "validate",
    "fmt",
    "plan",
    "rehearse",
    "apply",
    "destroy",
    "adopt",
    "rollback",
    "drift",
    "diff",
    "show",
    "graph",
    "state",
    "recipes",
    "metrics",
    "recommend",
    "rank",
    "segment",
    "test",
    "explain",
    "events",
    "serve",
)
"""In the order of a project's life, which is the order of `--help`. Each is a module of this package."""

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def _app() -> typer.Typer:
    return typer.Typer(add_completion=False, rich_markup_mode=None, context_settings=SETTINGS)


def command(name: str) -> Any:
    """The command of that name, with the options that all take. A module offers `app` or `command`."""
    module = import_module(f"pzdecl.cli.{name}")
    app = getattr(module, "app", None)
    if app is None:
        app = _app()
        app.command(name)(module.command)
    made = get_command(app)
    made.name = name
    for leaf in [*made.commands.values()] if isinstance(made, TyperGroup) else [made]:
        leaf.context_settings = {**SETTINGS, **leaf.context_settings}
        leaf.params += [*everywhere_options()]
    return made


@cache
def everywhere_options() -> tuple[Any, ...]:
    """The parameters of the options that every command takes; one set, since typer is slow to prepare each."""
    holder = _app()
    holder.command()(everywhere)
    return tuple(get_command(holder).params)


class Commands(TyperGroup):
    """A group whose commands are modules."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """All names."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Imports the command."""
        return command(cmd_name) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Finds the command, or suggests the nearest."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = nearest(name, COMMANDS)
            ctx.fail(f"No such command '{name}'." + (f" Did you mean '{near}'?" if near else ""))
        session().command = f"pzdecl {name}"
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Runs the command. Raises Interrupted for a Ctrl-C that came while nothing was being applied."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            if sys.stderr.isatty():
                sys.stderr.write("\n")  # below the terminal's own ^C
            raise Interrupted("interrupted", hint="run the same command again") from None


def _version(value: bool) -> None:
    if value:
        from pzdecl import __version__

        typer.echo(f"pzdecl {__version__}")
        raise typer.Exit


def build() -> Any:
    """The whole command line."""
    app = typer.Typer(
        cls=Commands,
        name="pzdecl",
        help=(
            "Terraform for recommenders, with the recommender built in.\n\n"
            "YAML manifests declare data, trainings and campaigns. plan shows what would change, apply does it."
        ),
        add_completion=True,
        rich_markup_mode=None,
        context_settings=SETTINGS,
        no_args_is_help=True,
    )

    @app.callback()
    def root(
        version: bool = typer.Option(
            False, "--version", help="Shows the version.", callback=_version, is_eager=True, expose_value=False
        ),
    ) -> None:
        pass

    made = get_command(app)
    made.params = [*everywhere_options(), *made.params]
    return made
