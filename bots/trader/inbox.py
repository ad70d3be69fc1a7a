"""What waits to be applied to an account: news of its stream, and the wish to read the venue again."""

from __future__ import annotations

from dataclasses import dataclass

from trading_core.exchanges.port import PrivateNews, StreamGap

BATCH_MAX = 200
INBOX_MAX = 10_000
"""News waiting to be applied; a fuller inbox lets the socket wait."""


@dataclass(frozen=True, slots=True)
class ReconcileWanted:
    """Something doesn't fit together: read the venue again; the stream itself has no gap."""


Batch = list[PrivateNews | ReconcileWanted]


def after_last_gap(batch: Batch) -> Batch:
    """Return what stands behind the last gap."""
    last = max(i for i, entry in enumerate(batch) if isinstance(entry, StreamGap))
    return batch[last + 1 :]
