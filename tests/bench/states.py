"""Apply of 1,000 resources with the state in PostgreSQL, beside the same with a local file."""

from __future__ import annotations

import shutil
import sys
import uuid
from pathlib import Path

from tests.bench.projects import write_pzdecl
from tests.bench.report import Report
from tests.bench.timing import middle, run
from tests.servers import postgres

PZDECL = str(Path(sys.executable).parent / "pzdecl")
TIMES = 5
RESOURCES = 1000


def bench(report: Report, scratch: Path) -> None:
    if postgres.binaries() is None:
        report.skip("state in PostgreSQL beside a file", postgres.MISSING)
        return
    local = write_pzdecl(scratch / "state-file", RESOURCES)
    remote = write_pzdecl(scratch / "state-postgres", RESOURCES)
    with postgres.server(durable=True) as url:
        files, servers = [], []
        for _ in range(TIMES):  # in turn, so that what else the machine does meets both
            shutil.rmtree(local / ".pzdecl", ignore_errors=True)
            files.append(run([PZDECL, "apply", "--auto-approve"], local))
            shutil.rmtree(remote / ".pzdecl", ignore_errors=True)
            place = f"state: {{type: postgres, url: '{url}', schema: s{uuid.uuid4().hex}}}\n"
            (remote / "pzdecl.yaml").write_text(f"name: bench\nprovider: {{type: local}}\n{place}")
            servers.append(run([PZDECL, "apply", "--auto-approve"], remote))
    file, server = middle(files), middle(servers)
    report.add(
        f"apply of {RESOURCES:,}: state in PostgreSQL over a file",
        server.seconds / file.seconds,
        2.0,
        f"{server.seconds:.2f} s / {file.seconds:.2f} s",
    )
