"""State in Amazon S3, or in a store that knows its conditional writes.

Below the state's key:

    head.json      what the state is: which snapshot, what has happened since, who holds the lock
    snapshots/ID   a whole state file
    journal/ID     transactions since the snapshot, where they are too many for the head

Everything hangs on the head, and the head is only ever replaced where it still is what the writer has seen
(`If-Match`). So a commit is one request; of two who write at once one is told; and who takes the lock thereby
shuts out whoever held it before.
"""

from __future__ import annotations

from pzdecl.state.s3.opening import open_s3
from pzdecl.state.s3.state import S3State

__all__ = ["S3State", "open_s3"]
