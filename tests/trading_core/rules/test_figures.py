from __future__ import annotations

import pytest

from trading_core.rules.figures import symbols_named, ticker_symbols
from trading_core.rules.parse_text import parse_rules_text

CASES: list[tuple[str, set[str], set[str]]] = [
    ("close > open", set(), set()),
    ("funding_rate < 0", {"ETHUSDT"}, set()),
    ("turnover_24h > 1000000", set(), set()),
    ("BTCUSDT:funding_rate < 0 or mark > close", {"BTCUSDT", "ETHUSDT"}, {"BTCUSDT"}),
    ("BTCUSDT:turnover_24h > SOLUSDT:close", set(), {"BTCUSDT", "SOLUSDT"}),
    ("change_pct(XRPUSDT:mark, 5) > 1", {"XRPUSDT"}, {"XRPUSDT"}),
    ("BTCUSDT:ema(5) > ema(5) and spread < 1", {"ETHUSDT"}, {"BTCUSDT"}),
]


@pytest.mark.parametrize("text, tickers, named", CASES, ids=[case[0] for case in CASES])
def test_rules_name_the_contracts_they_look_at(text: str, tickers: set[str], named: set[str]) -> None:
    rules = parse_rules_text(f"[long]\n{text}")

    assert ticker_symbols(rules, "ETHUSDT") == tickers
    assert symbols_named(rules) == named
