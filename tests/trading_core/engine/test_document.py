from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trading_core.engine.documents import FALLING, GONE, PLAIN, RISING, document, raw
from trading_core.engine.document import document_hash, parse_document
from trading_core.engine.document_schema import json_schema
from trading_core.errors import DocumentInvalid
from trading_core.plan.params import Base, EntryType, SizeMode

ROOT = Path(__file__).parents[3]


def test_document_resolves_numbers_to_integers() -> None:
    bot = document()

    assert bot.plan.size.quote == 200 * 10**8
    assert bot.plan.stop.ppm == 40_000
    assert bot.plan.averaging is not None
    assert bot.plan.averaging.step_scale_ppm == 1_200_000
    assert bot.risk.leverage_ppm == 2_000_000
    assert (bot.fees.maker_ppm, bot.fees.taker_ppm) == (200, 550)
    assert bot.plan.entry.type is EntryType.MARKET
    assert bot.plan.size.mode is SizeMode.QUOTE
    assert bot.plan.stop.base is Base.ENTRY


def test_document_canonical_parses_back_to_itself() -> None:
    bot = document()

    assert parse_document(bot.canonical()) == bot
    assert parse_document(json.loads(json.dumps(bot.canonical()))).canonical() == bot.canonical()


def test_document_hash_ignores_spelling_but_not_meaning() -> None:
    assert document_hash(document({"plan.stop.pct": "4.0"})) == document_hash(document())
    assert document_hash(document({"fees": GONE, "wallet": GONE})) == document_hash(document())
    assert document_hash(document({"plan.stop.pct": "4.1"})) != document_hash(document())


def test_document_without_legs_has_no_averaging() -> None:
    assert document({"plan.averaging.legs": 0}).plan.averaging is None


def test_document_version_is_resolved_by_the_caller() -> None:
    rules = {"version": "abcdefgh22"}

    bot = parse_document(
        raw({"rules": rules}), resolve={"abcdefgh22": {"schema": 1, "short": FALLING}}.__getitem__
    )

    assert bot.rules.short is not None
    with pytest.raises(DocumentInvalid, match=r"rules\.version"):
        parse_document(raw({"rules": rules}))


BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"schema": 2}, "schema", "whole number"),
    ({"schema": True}, "schema", "whole number"),
    ({"name": ""}, "name", "1 to 80"),
    ({"name": "a\nb"}, "name", "1 to 80"),
    ({"name": GONE}, "name", "missing"),
    ({"extra": 1}, "extra", "unknown key"),
    ({"market.category": "spot"}, "market.category", "spot bots are not supported"),
    ({"market.source": "By bit"}, "market.source", "name of a market"),
    ({"market": []}, "market", "expected an object"),
    ({"universe.symbols": []}, "universe.symbols", "1 to 20"),
    ({"universe.symbols": ["ETHUSDT", "ETHUSDT"]}, "universe.symbols[1]", "twice"),
    ({"universe.symbols": ["ethusdt"]}, "universe.symbols[0]", "symbol"),
    ({"universe.symbols": [f"S{i}USDT" for i in range(21)]}, "universe.symbols", "21 entries"),
    ({"timeframe": "2m"}, "timeframe", "expected one of 1m"),
    ({"detail_timeframe": "5m"}, "detail_timeframe", "expected one of 1m"),
    ({"rules": {}}, "rules", "exactly one"),
    ({"rules": {"inline": {"schema": 1, "exit_long": RISING}}}, "rules", "long or short"),
    ({"rules": {"inline": {"schema": 1, "long": {"left": 1}}}}, "rules.inline.long", ""),
    ({"plan.entry.type": "stop"}, "plan.entry.type", "market, limit"),
    ({"plan.entry": {"type": "market", "offset_pct": "1"}}, "plan.entry.offset_pct", "unknown key"),
    ({"plan.entry": {"type": "limit", "offset_pct": "1"}}, "plan.entry.timeout_candles", "missing"),
    ({"plan.size": {"mode": "quote", "quote": 200}}, "plan.size.quote", "as text"),
    ({"plan.size.quote": "0"}, "plan.size.quote", "0.00000001"),
    ({"plan.size.quote": "1e3"}, "plan.size.quote", "decimal number"),
    ({"plan.size.quote": "NaN"}, "plan.size.quote", "decimal number"),
    ({"plan.size.quote": "1.123456789"}, "plan.size.quote", "8 decimals"),
    ({"plan.averaging.legs": 31}, "plan.averaging.legs", "0 to 30"),
    ({"plan.averaging.legs": 1.0}, "plan.averaging.legs", "whole number"),
    ({"plan.averaging.volume_scale": "3.1"}, "plan.averaging.volume_scale", "0.5 to 3"),
    ({"plan.averaging.step_scale": "0.4"}, "plan.averaging.step_scale", "0.5 to 5"),
    ({"plan.averaging.resting": 0}, "plan.averaging.resting", "1 to 10"),
    ({"plan.averaging.resting": GONE}, "plan.averaging.resting", "missing"),
    ({"plan.averaging.deviation_pct": "1.4"}, "plan.averaging", "leg 3 would stand 5.096 %"),
    ({"plan.take_profit.pct": "0"}, "plan.take_profit.pct", "0.01 to 90"),
    ({"plan.take_profit.base": "last"}, "plan.take_profit.base", "entry, average"),
    ({"plan.stop": GONE}, "plan.stop", "missing"),
    ({"plan.stop": None}, "plan.stop", "expected an object"),
    ({"plan.stop.pct": "0.05"}, "plan.stop.pct", "0.1 to 50"),
    ({"plan.stop.pct": "51"}, "plan.stop.pct", "0.1 to 50"),
    ({"plan.exits.time_stop_minutes": 0}, "plan.exits.time_stop_minutes", "1 to 525600"),
    ({"risk.leverage": "26"}, "risk.leverage", "1 to 25"),
    ({"risk.leverage": "25"}, "plan.stop.pct", "liquidated before"),
    ({"risk.max_open_positions": 0}, "risk.max_open_positions", "1 to 20"),
    ({"risk.max_position_quote": "500"}, "risk.max_position_quote", "1150, more than the cap of 500"),
    ({"risk.hedge": True}, "risk.hedge", "hedge mode is not supported"),
    ({"fees.taker_pct": "2"}, "fees.taker_pct", "0 to 1"),
    ({"wallet.balance": "-5"}, "wallet.balance", "decimal number"),
]


@pytest.mark.parametrize("changes, path, reason", BAD, ids=[b[1] + ":" + b[2][:20] for b in BAD])
def test_document_refuses_with_the_exact_path(changes: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(DocumentInvalid) as caught:
        document(changes)

    assert caught.value.path == path or (not reason and caught.value.path.startswith(path))
    assert reason in caught.value.reason


def test_document_stop_by_average_lets_deeper_legs_stand() -> None:
    deep = {"plan.averaging.deviation_pct": "1.2"}

    assert document({**deep, "plan.stop.base": "average"}).plan.averaging is not None
    with pytest.raises(DocumentInvalid, match="leg 3"):
        document(deep)


def test_document_schema_file_is_the_generated_one() -> None:
    stored = json.loads((ROOT / "docs" / "bot.schema.json").read_text())

    assert stored == json_schema()


@pytest.mark.parametrize("name", ["averaging-scalper.json", "trend-follower.json"])
def test_document_examples_are_valid(name: str) -> None:
    example = json.loads((ROOT / "docs" / "examples" / name).read_text())

    jsonschema.validate(example, json_schema())
    assert parse_document(example).canonical()


def _paths(value: object, way: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(value, dict):
        return [way]
    return [way, *(p for key, inner in value.items() for p in _paths(inner, (*way, key)))]


SCHEMA = jsonschema.Draft202012Validator(json_schema())
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-5, 500),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "1", "0", "0.5", "-1", "1e2", "٣", "market", "limit", "entry", "average", "1m", "5m", "X"]
    ),
    st.lists(st.sampled_from(["ETHUSDT", "BTCUSDT", "x"]), max_size=3),
    st.just({}),
    st.just(GONE),
)
PATHS = [".".join(p) for p in _paths(PLAIN) if p and p[:2] != ("rules", "inline")]


@settings(max_examples=400, deadline=None)
@given(path=st.sampled_from(PATHS), value=JUNK, extra=st.booleans())
def test_document_schema_and_parser_agree(path: str, value: object, extra: bool) -> None:
    changed = raw({path: value})
    if extra:
        changed["plan"] = {**changed["plan"], "x": 1} if isinstance(changed.get("plan"), dict) else 1

    try:
        parse_document(changed)
        accepted = True
    except DocumentInvalid:
        accepted = False

    # What the schema refuses the parser refuses; ranges of decimals only the parser knows.
    assert not accepted or SCHEMA.is_valid(changed)
