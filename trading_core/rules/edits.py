"""Edits of a rule-set document: other values at some of its places."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from trading_core.errors import RulesInvalid

EDITS_MAX = 50
PATH_MAX = 300

_STEP = re.compile(r"([a-z_][a-z0-9_]{0,39})((?:\[[0-9]{1,4}\])*)")


def edited(document: dict[str, Any], edits: object) -> dict[str, Any]:
    """Return a document with ``[{"path": "long.all[0].right", "value": 35}, ...]`` done to it.

    What comes out still has to be parsed. Raise RulesInvalid naming the path that leads nowhere, or the
    place among the edits that is none.
    """
    if not isinstance(edits, list) or not 1 <= len(edits) <= EDITS_MAX:
        raise RulesInvalid("change", f"expected a rule-set, or 1 to {EDITS_MAX} edits")
    changed = copy.deepcopy(document)
    for number, edit in enumerate(edits):
        if not isinstance(edit, dict) or set(edit) != {"path", "value"}:
            raise RulesInvalid(f"change[{number}]", 'expected {"path": ..., "value": ...}')
        path = edit["path"]
        if not isinstance(path, str) or not 0 < len(path) <= PATH_MAX:
            raise RulesInvalid(f"change[{number}].path", "expected a path such as long.all[0].right")
        _set(changed, path, copy.deepcopy(edit["value"]))
    return changed


def _set(document: dict[str, Any], path: str, value: Any) -> None:
    *way, last = _steps(path)
    place: Any = document
    for step in way:
        _check(place, step, path)
        place = place[step]
    _check(place, last, path)
    place[last] = value


def _check(place: Any, step: str | int, path: str) -> None:
    if isinstance(step, int):
        there = isinstance(place, list) and step < len(place)
    else:
        there = isinstance(place, dict) and step in place
    if not there:
        raise RulesInvalid(path, f"leads nowhere: there is no {step!r} at that place of the rules")


def _steps(path: str) -> Iterator[str | int]:
    for part in path.split("."):
        match = _STEP.fullmatch(part)
        if match is None:
            raise RulesInvalid(path[:60], "expected a path such as long.all[0].right")
        yield match[1]
        yield from (int(number) for number in re.findall(r"[0-9]+", match[2]))
