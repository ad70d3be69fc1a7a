"""Which engine made a result: a digest of everything that can change what a document comes to."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import trading_core
from analytics.services.backtests.parts import FORMAT

LIBRARIES = ("numpy", "TA-Lib")


@cache
def engine_hash() -> str:
    """Return SHA-256 over the sources of the core, the libraries it computes with, and the form of a result."""
    root = Path(trading_core.__file__).parent
    whole = hashlib.sha256(f"parts {FORMAT}\n".encode())
    for library in LIBRARIES:
        whole.update(f"{library} {version(library)}\n".encode())
    for file in sorted(root.rglob("*.py")):
        whole.update(f"{file.relative_to(root)}\n".encode())
        whole.update(file.read_bytes())
    return whole.hexdigest()
