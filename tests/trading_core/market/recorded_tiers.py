"""Risk tiers as they were recorded."""

from __future__ import annotations

import json
from pathlib import Path

from trading_core.exchanges.bybit.parse import risk_tiers
from trading_core.market.tiers import Tiers


def recorded(market_data: Path) -> dict[str, Tiers]:
    """The tables of the recorded contracts by symbol."""
    file = market_data / "payloads" / "bybit" / "risk-limit_recorded_20251229.json"
    tables = json.loads(file.read_text(encoding="utf-8"))
    return {symbol: risk_tiers(rows) for symbol, rows in tables.items() if isinstance(rows, list)}
