"""`pzdecl` and `python -m pzdecl`."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Runs the command line and exits with its status."""
    # Answered before the command line is loaded: scripts ask for it often.
    if sys.argv[1:] == ["--version"]:
        from pzdecl import __version__

        sys.stdout.write(f"pzdecl {__version__}\n")
        return
    # Hardly anything is thrown away while starting, and looking for it costs a tenth of the start-up.
    gc.disable()
    # pydantic would look for plugins of its own in every installed package: a tenth of the start-up.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from pzdecl.cli.run import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
