"""Whether two runs are the same run: the first difference between two result documents.

Compared is what the parity contract names: decisions (symbol, close, outcome, conditions, the bot's
own facts, tags), orders (trade, role, leg, side, ticks, lots, filled), executions (time, order in their
symbol, role, leg, side, ticks, lots, fee), funding (time, lots, mark, payment) and the final wallet.
Venue ids, wall times and revisions are not. Orders decided at the last close were not sent by either
side and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """Where two runs part."""

    part: str
    """``decisions``, ``orders``, ``executions``, ``funding`` or ``wallet``."""
    index: int
    left: Row | None
    right: Row | None
    """None where one side has ended."""

    def __str__(self) -> str:
        return f"{self.part}[{self.index}]: {_shown(self.left)} against {_shown(self.right)}"


def first_difference(left: Mapping[str, Any], right: Mapping[str, Any]) -> Difference | None:
    """Return where two result documents first differ; None if they tell the same run."""
    # A bot of a longer timeframe may know an earlier last close than the data has.
    end = max(left["meta"]["to"], right["meta"]["to"])
    parts = {
        "decisions": (_decisions(left), _decisions(right)),
        "orders": (_orders(left, end), _orders(right, end)),
        "executions": (_executions(left), _executions(right)),
        "funding": (_funding(left), _funding(right)),
    }
    for part, (these, those) in parts.items():
        for index, (a, b) in enumerate(zip_longest(these, those)):
            if a != b:
                return Difference(part, index, a, b)
    one, other = (left["meta"]["wallet_end"],), (right["meta"]["wallet_end"],)
    return None if one == other else Difference("wallet", 0, one, other)


def _decisions(result: Mapping[str, Any]) -> list[Row]:
    keys = ("close", "symbol", "code", "leaves")
    return sorted((*(row[key] for key in keys), *_told(row)) for row in result["decisions"])


def _told(row: Mapping[str, Any]) -> Row:
    """What the bot knew of itself, and the tags of an entry."""
    details = row.get("details", {})
    return tuple(sorted(details.get("facts", {}).items())), tuple(details.get("tags", ()))


def _orders(result: Mapping[str, Any], end: str) -> list[Row]:
    """Sent orders; those of one place (trade, role, leg) in the order of their revisions."""
    rows = sorted(
        (row for row in result["orders"] if row["decided"] < end),
        key=lambda row: (row["symbol"], row["trade"], row["role"], row["leg"], row["revision"]),
    )
    keys = ("symbol", "trade", "role", "leg", "side", "ticks", "lots", "filled", "reduce_only")
    return [tuple(row[key] for key in keys) for row in rows]


def _executions(result: Mapping[str, Any]) -> list[Row]:
    """Executions of each symbol in the venue's order; symbols of one instant are not ranked."""
    rows = sorted(result["executions"], key=lambda row: (row["time"], row["symbol"], row["sequence"]))
    keys = ("time", "symbol", "trade", "role", "leg", "side", "ticks", "lots", "fee", "is_maker")
    return [tuple(row[key] for key in keys) for row in rows]


def _funding(result: Mapping[str, Any]) -> list[Row]:
    keys = ("time", "symbol", "side", "qty", "ticks", "paid")
    return sorted(tuple(row[key] for key in keys) for row in result["funding"])


def _shown(row: Row | None) -> str:
    return "nothing" if row is None else ", ".join(str(value) for value in row)
