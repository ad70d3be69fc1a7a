"""Documents of older schemas raised to the newest one, a step at a time.

A step takes a document of its schema and returns the same rules in the next. To change the schema: raise
``model.SCHEMA`` and add a step; what is stored stays as it was written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from trading_core.errors import RulesInvalid
from trading_core.rules.model import SCHEMA
from trading_core.rules.reading import shown


def _from_1(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Schema 2 adds names, tags, ``expires`` and operands; what schema 1 says it says the same."""
    if "expires" in raw:
        raise RulesInvalid("expires", "is not known in schema 1; say schema 2")
    return {**raw, "schema": 2}


STEPS: Mapping[int, Callable[[Mapping[str, Any]], dict[str, Any]]] = MappingProxyType({1: _from_1})
"""By the schema a document is of."""


def migrate(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document in the newest schema; the one given is left as it is.

    Raise RulesInvalid (path ``schema``) if it names no schema or one that is not known.
    """
    if "schema" not in raw:
        raise RulesInvalid("schema", "is missing")
    document = dict(raw)
    known = (*STEPS, SCHEMA)
    said = raw["schema"]
    if isinstance(said, bool) or not isinstance(said, (int, float)) or said not in known:
        names = " or ".join(str(schema) for schema in known)
        raise RulesInvalid("schema", f"expected {names}, was {shown(said)}")
    while document["schema"] != SCHEMA:
        document = STEPS[int(document["schema"])](document)
    return {**document, "schema": SCHEMA}
