"""`pzdecl validate`: are the manifests right?"""

from __future__ import annotations

import json

from pzdecl.cli import options
from pzdecl.cli.session import session, tell, write


def command(format: options.ValidateFormat = "text") -> None:
    """Checks the manifests.

    Tells all errors at once, with file, line and column. Changes nothing and needs no network.
    """
    current = session()
    project = current.load().declared
    if format == "json":
        from pzdecl.views import diagnostics

        write(json.dumps(diagnostics.document(project.warnings, project.root), indent=2) + "\n")
        return
    if format != "text":
        from pzdecl.views import diagnostics
        from pzdecl.views.places import in_repository

        addresses = [str(a) for a in project.resources if a.kind != "SolutionVersion"]
        write(diagnostics.in_format(format, project.warnings, addresses, in_repository(project.root)))
        return
    if project.warnings:
        import sys

        from pzdecl.views import diagnostics

        tell(diagnostics.render(project.warnings, project.root, current.style(sys.stderr)).rstrip("\n"))
    count = sum(1 for address in project.resources if address.kind != "SolutionVersion")
    write(f"Valid: {count:,} resource{'' if count == 1 else 's'} in {project.name}, {project.environment}.\n")
