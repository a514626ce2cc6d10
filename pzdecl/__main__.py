"""`pzdecl` and `python -m pzdecl`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Runs the command line and exits with its status."""
    _open_standard_streams()
    # Answered before the command line is loaded: scripts ask for it often.
    if sys.argv[1:] == ["--version"]:
        sys.exit(_version())
    # Hardly anything is thrown away while starting, and looking for it costs a tenth of the start-up.
    gc.disable()
    # pydantic would look for plugins of its own in every installed package: a tenth of the start-up.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from pzdecl.cli.run import run

    sys.exit(run(sys.argv[1:]))


def _open_standard_streams() -> None:
    """Gives what was started without one (`>&-`) a stream that leads nowhere; no file gets its number then."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  until the end


def _version() -> int:
    from pzdecl import __version__

    try:
        sys.stdout.write(f"pzdecl {__version__}\n")
        sys.stdout.flush()
    except OSError as error:
        from pzdecl.cli.run import give_up_output

        give_up_output()
        if isinstance(error, BrokenPipeError):
            return 0
        sys.stderr.write(f"error: standard output can't be written: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    main()
