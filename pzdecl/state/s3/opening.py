"""Opening a state in S3: born whole, checked for its format, upgraded with a way back."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing, suppress
from dataclasses import replace

from pzdecl.manifests.model import StateSettings
from pzdecl.state import files, lock
from pzdecl.state.errors import StateTooNew, StateUnwritable
from pzdecl.state.s3.bucket import Bucket, Conflict
from pzdecl.state.s3.head import Head
from pzdecl.state.s3.state import S3State, discard, look, swap, write_snapshot
from pzdecl.state.sealing import Sealer, sealer


def open_s3(settings: StateSettings, *, create: bool) -> S3State:
    """Opens the state below a key of a bucket. See `pzdecl.state.open_state`."""
    sealing = sealer(settings.key_env, settings.key_file)
    bucket = Bucket(settings)
    try:
        seen = look(bucket)
        if seen is None and create:
            seen = _give_birth(bucket, sealing)
        if seen is not None and seen[0].format > files.FORMAT:
            raise StateTooNew(bucket.where, seen[0].format, files.FORMAT)
        state = S3State(bucket, sealing, seen, writable=create)
        if create and seen is not None and seen[0].format < files.FORMAT:
            _upgrade(bucket, sealing, state, seen)
    except BaseException:
        bucket.close()
        raise
    return state


def _give_birth(bucket: Bucket, sealing: Sealer) -> tuple[Head, str]:
    """Makes a new state; of two who do this at once one wins, and both go on with its head."""
    _check_conditions(bucket)
    lineage = str(uuid.uuid4())
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        files.furnish(connection, lineage)
        snapshot = write_snapshot(bucket, sealing, connection, lineage)
    try:
        return swap(bucket, Head(lineage, files.FORMAT, snapshot, sealing.key_id), None)
    except Conflict:
        discard(bucket, snapshot)
        won = look(bucket)
        assert won is not None
        return won


def _check_conditions(bucket: Bucket) -> None:
    """Whether the store heeds conditions: one that ignores them would lose states without a word."""
    name = f"probe/{uuid.uuid4().hex}"
    bucket.put(name, b"1", seen=None)
    try:
        for seen in (None, '"00000000000000000000000000000000"'):
            with suppress(Conflict):
                bucket.put(name, b"2", seen=seen)
                raise StateUnwritable(
                    f"the state {bucket.where} would not be safe: this store ignores the conditions of writes",
                    hint="use one that knows If-Match and If-None-Match of PutObject, as Amazon S3 does",
                )
    finally:
        bucket.delete(name)


def _upgrade(bucket: Bucket, sealing: Sealer, state: S3State, seen: tuple[Head, str]) -> None:
    """Puts the state, brought up to date in memory, in place of the older one.

    All of it happens or nothing: until the head is replaced, nothing in the bucket has changed. The old head
    stays as `backups/format-<N>.json`, and the objects that it names stay too.
    """
    old = state._head
    if old.lock is not None and (holder := old.holder) and not holder.process.is_gone():
        raise lock.locked(bucket.where, holder.info)
    with suppress(Conflict):  # an earlier attempt left it
        bucket.put(f"backups/format-{old.format}.json", old.to_bytes(), seen=None)
    snapshot = write_snapshot(bucket, sealing, state._open, old.id)
    new = replace(
        old, format=files.FORMAT, snapshot=snapshot, segments=(), tail=(), key_id=sealing.key_id, lock=None
    )
    try:
        state._seen = swap(bucket, new, seen[1])
    except Conflict:
        discard(bucket, snapshot)
        raise StateUnwritable(
            f"the state {bucket.where} was changed by somebody else while it was upgraded",
            hint="it was left as it was; run the same command again",
        ) from None
