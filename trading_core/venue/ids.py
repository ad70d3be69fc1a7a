"""Ids the venue gives out: the shape of UUIDs, yet a function of account and number."""

from __future__ import annotations

import re

_ORDER = re.compile(r"([0-9a-f]{8})-0000-4000-8000-([0-9a-f]{12})")


def order_id(uid: int, number: int) -> str:
    """The orderId of an account's order."""
    return f"{uid:08x}-0000-4000-8000-{number:012x}"


def order_number(uid: int, text: str) -> int:
    """The number in an orderId of that account; 0 for anything else."""
    match = _ORDER.fullmatch(text)
    if match is None or int(match[1], 16) != uid:
        return 0
    return int(match[2], 16)


def exec_id(uid: int, sequence: int) -> str:
    """The execId of an account's execution."""
    return f"{uid:08x}-0000-5000-8000-{sequence:012x}"
