"""The JSON Schema of rule-set documents, derived from the catalogs."""

from __future__ import annotations

from typing import Any

from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.market.timeframe import Timeframe
from trading_core.rules.limits import MAX_LOOKBACK, MAX_NUMBER
from trading_core.rules.model import PRICE_FIELDS, SCHEMA, TREES, Arithmetic
from trading_core.rules.operators import OPERATORS, Form

_NODE = {"$ref": "#/$defs/node"}
_OPERAND = {"$ref": "#/$defs/operand"}


def rules_schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12). What it can't say (depth, reach) the parser checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "AI-Lona rule-set",
        "type": "object",
        "required": ["schema"],
        "additionalProperties": False,
        "properties": {
            "schema": {"const": SCHEMA},
            **{tree: {"anyOf": [_NODE, {"type": "null"}]} for tree in TREES},
        },
        "$defs": {
            "node": {"type": "object"} | _one_of_keys({**_nodes(), "op": _condition()}),
            "operand": {
                "type": ["number", "object"],
                "minimum": -MAX_NUMBER,
                "maximum": MAX_NUMBER,
                **_one_of_keys({**_computed(), "price": _price(), "indicator": _value()}),
            },
            **{name: _indicator(indicator) for name, indicator in CATALOG.items()},
        },
    }


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
        "all": _closed({"all": several}),
        "any": _closed({"any": several}),
        "not": _closed({"not": _NODE}),
        "at_least": _closed({"at_least": _closed({"k": _whole(1), "of": several})}),
        "within": _closed({"within": lasting}),
        "for": _closed({"for": lasting}),
        "count": _closed({"count": _closed({"k": _whole(1), "n": _whole(1), "of": _NODE})}),
    }


def _condition() -> dict[str, Any]:
    more: dict[Form, dict[str, Any]] = {
        Form.COMPARE: {"right": _OPERAND},
        Form.RANGE: {"low": _OPERAND, "high": _OPERAND},
        Form.TREND: {"n": _whole(1, 50)},
    }
    names = {form: [o.name for o in OPERATORS.values() if o.form is form] for form in more}
    return {
        "properties": {"op": {"enum": list(OPERATORS)}},
        "allOf": [
            {
                "if": {"properties": {"op": {"enum": names[form]}}},
                "then": _closed({"left": _OPERAND, "op": True, **rest}),
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
