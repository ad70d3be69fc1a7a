"""The compute process as a child of the embedded stack."""

from __future__ import annotations

import os
import sys

from django.conf import settings

from ailona.stack.child import Child


def compute_child() -> Child:
    """Return the process that plays backtests: a child, because they take a core and memory of their own."""
    # The stack's other variables are as they were; what `up` itself chose is in them by now.
    return Child(
        "compute process", [sys.executable, "manage.py", "compute"], folder=settings.BASE_DIR,
        environment=dict(os.environ),
    )  # fmt: skip
