"""Why a bot did not trade: how often each gate refused, and which conditions kept the rules from an entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from trading_core.engine.outcome import OutcomeCode
from trading_core.performance.ledger import DecisionRecord, Tallied
from trading_core.performance.metric import ratio_text
from trading_core.rules.model import RuleSet, conditions
from trading_core.rules.packed import unpack_rows
from trading_core.rules.text import condition_text
from trading_core.rules.verdict import Truths, slots_of

ENTRIES = ("long", "short")
_NO_REFUSAL = frozenset(
    {
        OutcomeCode.ENTERED,
        OutcomeCode.IN_POSITION,
        OutcomeCode.ENTRY_WORKING,
        OutcomeCode.CLOSING,
        OutcomeCode.EXIT_RULE,
        OutcomeCode.EXIT_TIME,
    }
)
_UNSIGNALLED = frozenset({OutcomeCode.NO_SIGNAL.value, OutcomeCode.NOT_READY.value})


def rejections_of(rules: RuleSet, decisions: Sequence[DecisionRecord]) -> dict[str, Any]:
    """Return refused closes by code, and for each condition of an entry tree how often it was not true.

    Conditions are counted at the closes without a signal, in the order of the rules.
    """
    if isinstance(decisions, Tallied):
        codes, counts = decisions.counts(), decisions.leaves_of(_UNSIGNALLED)
    else:
        codes = Counter(decision.code for decision in decisions)
        counts = Counter(d.leaves for d in decisions if d.code in _UNSIGNALLED and d.leaves)
    refused = {code: count for code, count in codes.most_common() if code not in _NO_REFUSAL}
    return {
        "closes": len(decisions),
        "codes": refused,
        "conditions": _conditions(rules, counts),
    }


def _conditions(rules: RuleSet, counts: Counter[str]) -> list[dict[str, Any]]:
    """The conditions of the entry trees with their answers; ``counts`` are closes by packed leaves."""
    closes = counts.total()
    if not closes:
        return []
    leaves = _unpacked(rules, counts)
    times = np.fromiter(counts.values(), dtype=np.int64)
    rows, place = [], 0
    for tree, root in rules.trees():
        count = 0 if root is None else len(conditions(root))
        for row in range(place, place + count):
            if tree in ENTRIES:
                no, unknown = (int(times[leaves[row] == truth].sum()) for truth in (0, -1))
                rows.append(
                    {
                        "tree": tree,
                        "condition": condition_text(rules.conditions[row]),
                        "false": no,
                        "unknown": unknown,
                        "not_true_pct": ratio_text(100 * (no + unknown), closes),
                    }
                )
        place += count
    return rows


def _unpacked(rules: RuleSet, counts: Counter[str]) -> Truths:
    slots = slots_of(rules)
    packed = np.frombuffer(bytes.fromhex("".join(counts)), np.uint8).reshape(len(counts), -1)
    return unpack_rows(packed, slots)
