"""Putting under management what is there already: one resource, or a whole account or engine.

`one.adopt` records a resource that a manifest declares; `everything.adopt_all` writes the manifests, too.
"""

from __future__ import annotations

from pzdecl.adoption.everything import Adopted, adopt_all
from pzdecl.adoption.one import adopt

__all__ = ["Adopted", "adopt", "adopt_all"]
