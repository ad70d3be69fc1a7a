"""Rule-sets in and out: files that carry one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conditions.models import RuleSet, RuleSetVersion
from conditions.services.drafts import create_rule_set, save_draft
from conditions.services.reading import read_draft, valid
from trading_core.errors import InvalidInput, RulesInvalid
from trading_core.rules.limits import MAX_BYTES
from trading_core.rules.parse_text import parse_rules_text
from trading_core.strict_json import loads

FORMAT = "ailona-rules"
_KEYS = frozenset({"format", "name", "version", "rules_hash", "document", "layer", "son_version"})


def exported(version: RuleSetVersion) -> dict[str, Any]:
    """A version as a file that ``imported`` reads back to the same rules."""
    data: dict[str, Any] = {
        "format": FORMAT,
        "name": version.rule_set.name,
        "version": version.number,
        "rules_hash": version.rules_hash,
        "document": version.document,
    }
    if version.source is not None:
        data |= {"layer": version.source, "son_version": version.base_version}
    return data


def exported_draft(rule_set: RuleSet) -> dict[str, Any]:
    """A draft as a file; raise RulesInvalid for the first fault of one that can't be read."""
    read = valid(read_draft(rule_set.draft))
    assert read.rules is not None
    data: dict[str, Any] = {
        "format": FORMAT,
        "name": rule_set.name,
        "version": None,
        "rules_hash": read.rules.hash,
        "document": read.rules.canonical(),
    }
    return data if read.source is None else data | {"layer": read.source}


def imported(text: str | bytes) -> dict[str, Any]:
    """Return the draft in a file: an export, a bare document or layer, or the text form.

    Nothing is written. Raise RulesInvalid with the place of the first fault: a file must be valid as a
    whole, must not be larger than 32 KiB, and an export must still have its hash.
    """
    if len(text) > MAX_BYTES:
        raise RulesInvalid("", f"expected at most {MAX_BYTES} bytes, were {len(text)}")
    draft = _draft_of(_decoded(text))
    read = valid(read_draft(draft))
    assert read.rules is not None
    return read.source or read.rules.canonical()


def create_imported(*, name: str, text: str | bytes) -> RuleSet:
    """Create a rule-set from a file; raise RulesInvalid, having written nothing."""
    return create_rule_set(name=name, document=imported(text))


def import_into(rule_set: RuleSet, *, text: str | bytes) -> RuleSet:
    """Replace a draft by a file; raise RulesInvalid, having written nothing."""
    return save_draft(rule_set, document=imported(text))


def _decoded(text: str | bytes) -> str:
    try:
        return text if isinstance(text, str) else text.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise RulesInvalid(f"byte {e.start + 1}", "expected UTF-8 text") from e


def _draft_of(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        return parse_rules_text(text).canonical()
    try:
        raw = loads(text, max_bytes=MAX_BYTES)
    except InvalidInput as e:
        raise RulesInvalid(e.path, e.reason) from e
    assert isinstance(raw, dict)
    return _unwrapped(raw) if "format" in raw else raw


def _unwrapped(raw: Mapping[str, Any]) -> dict[str, Any]:
    if raw["format"] != FORMAT:
        raise RulesInvalid("format", f"expected {FORMAT}, was {raw['format']!r:.40}")
    for key in raw:
        if key not in _KEYS:
            raise RulesInvalid(str(key)[:40], f"is not known here; expected {', '.join(sorted(_KEYS))}")
    document, layer = raw.get("document"), raw.get("layer")
    if not isinstance(document, dict):
        raise RulesInvalid("document", "expected an object")
    if layer is not None:
        if not isinstance(layer, dict):
            raise RulesInvalid("layer", "expected an object")
        return layer
    read = read_draft(document)
    if read.rules is not None and raw.get("rules_hash") not in (None, read.rules.hash):
        raise RulesInvalid(
            "rules_hash",
            "the document was changed after it was exported; leave the hash out if that was meant",
        )
    if read.faults:
        raise RulesInvalid(f"document.{read.faults[0].path}", read.faults[0].reason)
    return document
