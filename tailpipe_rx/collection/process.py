"""A process that does nothing but collect."""

from __future__ import annotations

import gc


def settle_down() -> None:
    """Let Python look for cycles less often, and never again among what has been imported.

    Rows come and go by thousands, each with a few lists and never in a cycle; at Python's own pace looking for cycles
    takes one thirtieth of the time. Not for a process that belongs to somebody else.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
