"""How a training ends without a model."""

from __future__ import annotations


class TrainingFailed(Exception):
    """The data or the configuration allow no model. `str()` is the service's failure reason."""


class TrainingCancelled(Exception):
    """The training was asked to stop. Its checkpoint stays, so that it can be gone on with."""
