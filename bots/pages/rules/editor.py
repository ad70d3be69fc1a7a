"""The editor of a draft: a box of text per tree, or per difference from SON, and what is wrong in each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conditions.outline import named_nodes
from conditions.selectors import TREE_LABELS
from conditions.services.reading import Finding
from conditions.son import SON
from trading_core.errors import InvalidInput, RulesInvalid
from trading_core.rules.limits import MAX_BYTES
from trading_core.rules.model import SCHEMA, TREES
from trading_core.rules.parse import parse_rules
from trading_core.rules.text import to_text
from trading_core.strict_json import loads

KEEP, OFF, REPLACE = "keep", "off", "replace"
CHOICES = ((KEEP, "As in SON"), (REPLACE, "Replaced by"), (OFF, "Switched off"))
JOINS = (("all", "and also"), ("any", "or else"))
HINTS: Mapping[str, str] = {
    "long": "dip: rsi(14)@15m < 30 and ema(9) crosses above ema(21) within 3",
    "short": "spike: rsi(14)@15m > 70 and ema(9) crosses below ema(21) within 3",
    "exit_long": "rested: rsi(14) > 60 or position.pnl_pct > 1.5",
    "exit_short": "cooled: rsi(14) < 40 or position.pnl_pct > 1.5",
    "average_long": "deeper: position.pnl_pct < -1 and rsi(7) < 25",
    "average_short": "higher: position.pnl_pct < -1 and rsi(7) > 75",
}
_COLUMN = re.compile(r"column (\d+)$")
_LIST = re.compile(r" \([^()]{120,}\)")
_SHOWN = 90


@dataclass(frozen=True, slots=True)
class Pointer:
    """A fault in a text: the line it is in, cut at the place."""

    reason: str
    place: str
    before: str = ""
    at: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One text that can be edited."""

    name: str
    """Of its field."""
    label: str
    text: str
    hint: str
    rows: int
    faults: list[Pointer]


@dataclass(frozen=True, slots=True)
class Difference:
    """One condition of SON and what the layer does with it."""

    id: str
    said: str
    mode: str
    box: Box


@dataclass(frozen=True, slots=True)
class LayerTree:
    """One tree of SON in the editor of a layer."""

    label: str
    differences: list[Difference]
    join_name: str
    join: str
    extension: Box


def text_of_node(raw: object) -> str:
    """A node of a draft as its editor shows it: the text form, or what is there if that can't be read."""
    if raw is None:
        return ""
    if isinstance(raw, str):
        return raw
    try:
        tree = parse_rules({"schema": SCHEMA, "long": raw}).long
    except RulesInvalid:
        return json.dumps(raw)[:2_000]
    return "" if tree is None else to_text(tree)


def boxes(texts: Mapping[str, str], faults: Sequence[Finding]) -> list[Box]:
    """The six boxes of a draft that stands by itself."""
    return [_box(name, TREE_LABELS[name], texts.get(name, ""), name, faults) for name in TREES]


def plain_texts(draft: Mapping[str, Any]) -> dict[str, str]:
    """The text of each tree of a draft."""
    return {name: text_of_node(draft.get(name)) for name in TREES}


def layer_texts(draft: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a layer's editor."""
    override, extend = _dict(draft.get("override")), _dict(draft.get("extend"))
    disabled = draft.get("disable")
    texts: dict[str, str] = {}
    for _, name, _ in _son_names():
        off = isinstance(disabled, list) and name in disabled
        texts[f"mode-{name}"] = REPLACE if name in override else OFF if off else KEEP
        texts[f"text-{name}"] = text_of_node(override.get(name))
    for tree in TREES:
        extension = _dict(extend.get(tree))
        texts[f"join-{tree}"] = str(extension.get("with", "all"))
        texts[f"more-{tree}"] = text_of_node(extension.get("node"))
    return texts


def layer_trees(texts: Mapping[str, str], faults: Sequence[Finding]) -> list[LayerTree]:
    """The editor of a layer, tree by tree of SON."""
    found = []
    for tree in TREES:
        differences = [
            Difference(
                name,
                said,
                texts.get(f"mode-{name}", KEEP),
                _box(f"text-{name}", name, texts.get(f"text-{name}", ""), f"override.{name}", faults),
            )
            for inside, name, said in _son_names()
            if inside == tree
        ]
        more = _box(f"more-{tree}", "More", texts.get(f"more-{tree}", ""), f"extend.{tree}", faults)
        found.append(
            LayerTree(TREE_LABELS[tree], differences, f"join-{tree}", texts.get(f"join-{tree}", "all"), more)
        )
    return found


def plain_draft(texts: Mapping[str, str], *, expires: int) -> dict[str, Any]:
    """The draft a form says; a tree is kept as typed, so that nothing is lost that can't be read yet."""
    trees = {name: _kept(texts[name]) for name in TREES if texts.get(name, "").strip()}
    return {"schema": SCHEMA, "expires": expires, **trees}


def layer_draft(texts: Mapping[str, str], *, expires: int) -> dict[str, Any]:
    """The layer a form says."""
    names = [name for _, name, _ in _son_names()]
    modes = {name: texts.get(f"mode-{name}", KEEP) for name in names}
    override = {name: _kept(texts.get(f"text-{name}", "")) for name in names if modes[name] == REPLACE}
    extend = {
        tree: {"with": texts.get(f"join-{tree}") or "all", "node": _kept(texts[f"more-{tree}"])}
        for tree in TREES
        if texts.get(f"more-{tree}", "").strip()
    }
    draft: dict[str, Any] = {"schema": SCHEMA, "extends": "son"}
    if override:
        draft["override"] = override
    if off := [name for name in names if modes[name] == OFF]:
        draft["disable"] = off
    if extend:
        draft["extend"] = extend
    return draft if expires == SON.expires else {**draft, "expires": expires}


def _kept(text: str) -> object:
    plain = text.replace("\r\n", "\n").strip()
    if not plain.startswith("{"):
        return plain
    try:
        return loads(plain, max_bytes=MAX_BYTES)
    except InvalidInput:
        return plain


def _son_names() -> Iterator[tuple[str, str, str]]:
    for tree, root in SON.trees():
        for named in named_nodes(root) if root is not None else ():
            yield tree, named.id or "", to_text(named.node)


def _dict(raw: object) -> dict[str, Any]:
    return raw if isinstance(raw, dict) else {}


def _box(name: str, label: str, text: str, path: str, faults: Sequence[Finding]) -> Box:
    mine = [pointer(fault, text) for fault in faults if _inside(fault.path, path)]
    rows = min(8, max(2, text.count("\n") + 1 + len(text) // 90))
    return Box(name, label, text, HINTS.get(path.removeprefix("extend."), ""), rows, mine)


def _inside(path: str, place: str) -> bool:
    return path == place or (path.startswith(place) and path[len(place)] in ".,[")


def pointer(fault: Finding, text: str) -> Pointer:
    """Point at the column a fault names, in its line of the text."""
    found = _COLUMN.search(fault.path)
    if found is None or not text:
        return Pointer(short(fault.reason), fault.path)
    at = min(int(found[1]) - 1, len(text))
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at) if "\n" in text[at:] else len(text)
    cut, start, end = at - start > _SHOWN, max(start, at - _SHOWN), min(end, at + _SHOWN)
    word = re.match(r"\w+|\S|$", text[at:end])
    width = len(word[0]) if word else 0
    mark = text[at : at + width] or "\N{OPEN BOX}"
    before = ("\N{HORIZONTAL ELLIPSIS}" if cut else "") + text[start:at]
    return Pointer(short(fault.reason), fault.path, before, mark, text[at + width : end])


def short(reason: str) -> str:
    """A reason without the list of everything that may stand there."""
    return _LIST.sub("", reason)
