"""The JSON Schema of rule-set documents and of layers, derived from the catalogs."""

from __future__ import annotations

from typing import Any

from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.market.timeframe import Timeframe
from trading_core.rules.layers import BASES, WAYS
from trading_core.rules.limits import MAX_EXPIRES, MAX_LOOKBACK, MAX_NODES, MAX_NUMBER, MAX_TAGS, MAX_TREND
from trading_core.rules.model import SCHEMA, TREES
from trading_core.rules.operands import CLOCK_FIELDS, FACTS, PRICE_FIELDS, TICKERS, Arithmetic
from trading_core.rules.operators import OPERATORS, Form
from trading_core.rules.sessions import SESSIONS

_NODE = {"$ref": "#/$defs/node"}
_OPERAND = {"$ref": "#/$defs/operand"}


_ID = {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"}
_TAGS = {
    "type": "array",
    "maxItems": MAX_TAGS,
    "uniqueItems": True,
    "items": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,19}$"},
}


def rules_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12). What it can't say (depth, reach, cost, names) the parser checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AI-Lona rule-set, or a layer over one",
        "type": "object",
        "if": {"required": ["extends"]},
        "then": {"$ref": "#/$defs/layer"},
        "else": {"$ref": "#/$defs/rules"},
        "$defs": {
            "rules": _rules(),
            "layer": _layer(),
            "node": {"type": "object"} | _one_of_keys({**_nodes(), "op": _condition()}),
            "operand": {
                "type": ["number", "object"],
                "minimum": -MAX_NUMBER,
                "maximum": MAX_NUMBER,
                **_one_of_keys({**_computed(), **_plain(), "price": _price(), "indicator": _value()}),
            },
            **{name: _indicator(indicator) for name, indicator in CATALOG.items()},
        },
    }


def _rules() -> dict[str, Any]:
    trees: dict[str, Any] = {tree: {"anyOf": [_NODE, {"type": "null"}]} for tree in TREES}
    return _closed({"schema": {"const": SCHEMA}}, {"expires": _whole(1, MAX_EXPIRES), **trees})


def _layer() -> dict[str, Any]:
    joined = _closed({"with": {"enum": list(WAYS)}, "node": _NODE})
    return _closed(
        {"schema": {"const": SCHEMA}, "extends": {"enum": list(BASES)}},
        {
            "override": {"type": "object", "propertyNames": _ID, "additionalProperties": _NODE},
            "disable": {"type": "array", "maxItems": MAX_NODES, "uniqueItems": True, "items": _ID},
            "extend": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(TREES, joined),
            },
            "expires": _whole(1, MAX_EXPIRES),
        },
    )


def _one_of_keys(shapes: dict[str, Any]) -> dict[str, Any]:
    """An object that has one of the keys, each with its shape: decided by key, never by trying all."""
    return {
        "if": {"type": "object"},
        "then": {"anyOf": [{"required": [key]} for key in shapes], "dependentSchemas": shapes},
    }


def _closed(properties: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": {**properties, **(optional or {})},
    }


def _named(properties: dict[str, Any]) -> dict[str, Any]:
    """A node, which may have a name and tags."""
    return _closed(properties, {"id": _ID, "tags": _TAGS})


def _whole(low: int, high: int = MAX_LOOKBACK) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _place() -> dict[str, Any]:
    return {
        "timeframe": {"enum": [timeframe.value for timeframe in Timeframe]},
        "offset": _whole(0),
        "symbol": {"type": "string", "pattern": "^[A-Z0-9]{2,30}$"},
    }


def _nodes() -> dict[str, Any]:
    several = {"type": "array", "items": _NODE, "minItems": 1}
    lasting = _closed({"n": _whole(1), "of": _NODE})
    return {
        "all": _named({"all": several}),
        "any": _named({"any": several}),
        "not": _named({"not": _NODE}),
        "at_least": _named({"at_least": _closed({"k": _whole(1), "of": several})}),
        "within": _named({"within": lasting}),
        "for": _named({"for": lasting}),
        "count": _named({"count": _closed({"k": _whole(1), "n": _whole(1), "of": _NODE})}),
    }


def _condition() -> dict[str, Any]:
    more: dict[Form, dict[str, Any]] = {
        Form.COMPARE: {"right": _OPERAND},
        Form.RANGE: {"low": _OPERAND, "high": _OPERAND},
        Form.TREND: {"n": _whole(1, MAX_TREND)},
    }
    names = {form: [o.name for o in OPERATORS.values() if o.form is form] for form in more}
    return {
        "properties": {"op": {"enum": list(OPERATORS)}},
        "allOf": [
            {
                "if": {"properties": {"op": {"enum": names[form]}}},
                "then": _named({"left": _OPERAND, "op": True, **rest}),
            }
            for form, rest in more.items()
        ],
    }


def _computed() -> dict[str, Any]:
    pair = {"type": "array", "items": _OPERAND, "minItems": 2, "maxItems": 2}
    return {
        **{operation.value: _closed({operation.value: pair}) for operation in Arithmetic},
        "change_pct": _closed({"change_pct": _closed({"of": _OPERAND, "n": _whole(1)})}),
        "slope": _closed({"slope": _closed({"of": _OPERAND, "n": _whole(2)})}),
        "percentile": _closed({"percentile": _closed({"of": _OPERAND, "n": _whole(2)})}),
    }


def _plain() -> dict[str, Any]:
    zone = {"type": "string", "pattern": "^[A-Z][A-Za-z0-9_+/-]{0,60}$", "default": "UTC"}
    symbol = {"symbol": _place()["symbol"]}
    return {
        "ticker": _closed({"ticker": {"enum": list(TICKERS)}}, symbol),
        "clock": _closed({"clock": {"enum": list(CLOCK_FIELDS)}}, {"zone": zone}),
        "session": _closed({"session": {"enum": list(SESSIONS)}}),
        **{scope: _closed({scope: {"enum": list(fields)}}) for scope, fields in FACTS.items()},
    }


def _price() -> dict[str, Any]:
    return _closed({"price": {"enum": list(PRICE_FIELDS)}}, optional=_place())


def _value() -> dict[str, Any]:
    return {
        "properties": {"indicator": {"enum": list(CATALOG)}},
        "allOf": [
            {
                "if": {"properties": {"indicator": {"const": name}}},
                "then": {"$ref": f"#/$defs/{name}"},
            }
            for name in CATALOG
        ],
    }


def _indicator(indicator: Indicator) -> dict[str, Any]:
    params = {
        name: {
            "type": "integer" if param.whole else "number",
            "minimum": param.low,
            "maximum": param.high,
            "default": param.default,
            "title": param.label,
        }
        for name, param in indicator.params.items()
    }
    optional: dict[str, Any] = {
        "params": {"type": "object", "additionalProperties": False, "properties": params},
        "output": {"enum": list(indicator.outputs), "default": indicator.outputs[0]},
        **_place(),
    }
    if indicator.inputs == (SOURCE,):
        optional["source"] = {"anyOf": [{"enum": list(PRICE_FIELDS)}, _OPERAND]}
    made = _closed({"indicator": {"const": indicator.name}}, optional)
    return {"title": indicator.label, "description": indicator.convention, **made}
