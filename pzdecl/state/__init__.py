"""What pzdecl manages: rows, journal, history, lock; in a SQLite file, in PostgreSQL, or in Amazon S3.

Planning reads through `Reader`; applying writes through `State`, which is a `Writer`.
"""

from pzdecl.state.codec import canonical, fingerprint, from_json, row_fingerprint, to_json
from pzdecl.state.errors import StateDamaged, StateTooNew, StateUnwritable
from pzdecl.state.opening import open_state
from pzdecl.state.sqlite import SqliteState
from pzdecl.state.store import State
from pzdecl.state.writer import Writer

__all__ = [
    "SqliteState",
    "State",
    "StateDamaged",
    "StateTooNew",
    "StateUnwritable",
    "Writer",
    "canonical",
    "fingerprint",
    "from_json",
    "open_state",
    "row_fingerprint",
    "to_json",
]
