"""Large sparse matrices as products of narrow ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pzdecl.engine.training.sequence.threads import one_thread

SPARE = 20
"""Columns beyond those that are wanted: the more, the closer to the best factors."""
ROUNDS = 4


def factors(
    matrix: Any, width: int, seed: int, alive: Callable[[], None]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32 (n, width) and (m, width), whose product L R^T is near to a scipy sparse (n, m).

    The randomised truncated singular value decomposition of N. Halko, P. G. Martinsson and J. A. Tropp
    ("Finding structure with randomness", SIAM Review 53(2), 2011, algorithms 4.4 and 5.1); both sides get the
    roots of the singular values. A matrix with fewer rows or columns gives factors that end with zeros. `alive`
    is called between the steps.
    """
    rank = min(width + SPARE, *matrix.shape)
    with one_thread():  # for many small steps, more threads mostly wait
        basis = np.random.default_rng(seed).standard_normal((matrix.shape[1], rank), np.float32)
        for _ in range(ROUNDS):
            alive()
            basis = _orthonormal(matrix.T @ _orthonormal(matrix @ basis))
        left, values, right = torch.linalg.svd(torch.from_numpy(matrix @ basis), full_matrices=False)
        roots = values[:width].sqrt()
        right = torch.from_numpy(basis) @ right.T
        both = (side[:, :width] * roots for side in (left, right))
        left, right = (torch.nn.functional.pad(side, (0, width - len(roots))) for side in both)
    return left.numpy(), right.numpy()


def _orthonormal(columns: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(torch.linalg.qr(torch.from_numpy(columns))[0].numpy())
