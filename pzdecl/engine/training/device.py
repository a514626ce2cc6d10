"""Where networks are trained: on a GPU where there is one, unless told otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.engine.training.errors import TrainingFailed

if TYPE_CHECKING:
    import torch

VARIABLE = "PZDECL_DEVICE"
DEVICES = ("auto", "cpu", "cuda")


def chosen_device(wanted: str) -> torch.device:
    """The device for "auto", "cpu" or "cuda". Raises TrainingFailed for another, and for CUDA without a GPU."""
    import torch

    if wanted not in DEVICES:
        raise TrainingFailed(f"{VARIABLE} is {wanted!r}: expected one of {', '.join(DEVICES)}.")
    able = torch.cuda.is_available()
    if wanted == "cuda" and not able:
        raise TrainingFailed(f"{VARIABLE} is cuda, but torch finds no GPU here: set it to auto or cpu.")
    return torch.device("cuda" if able and wanted != "cpu" else "cpu")
