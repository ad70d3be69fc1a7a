"""Track records written by hand: one tick times one lot is one coin, one row of a ledger is one minute."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from trading_core.execution.order import Role, Side
from trading_core.market.instrument import Instrument
from trading_core.performance.columns import Equity, Executions
from trading_core.performance.curve import DAY_MS
from trading_core.performance.ledger import EquityRecord, ExecutionRecord, FundingRecord
from trading_core.performance.track import Minutes, TrackRecord

U = 10**8
MINUTE = 60_000

PLAIN = Instrument(
    category="linear",
    symbol="ETHUSDT",
    base_coin="ETH",
    settle_coin="USDT",
    tick_size=Decimal(1),
    qty_step=Decimal(1),
    min_lots=1,
    max_lots=10**9,
    max_market_lots=10**9,
    min_notional=0,
    max_leverage=Decimal(100),
    maintenance_ppm=5_000,
    funding_interval_min=480,
)


def execution(
    time: int, role: Role, side: Side, ticks: int, lots: int, *, fee: float = 1, gained: int = 0, **more: Any
) -> ExecutionRecord:
    """An execution in minute ``time``, fees and gains in coins."""
    told = {"leg": 0, "reason": "", "trade": 1, "symbol": "ETHUSDT", "market_ticks": 0, **more}
    return ExecutionRecord(
        time_ms=time * MINUTE, sequence=time, role=role, side=side, ticks=ticks, lots=lots,
        fee=round(fee * U), gained=gained * U, is_maker=False, **told,
    )  # fmt: skip


def funding(time: int, paid: int, *, lots: int = 1) -> FundingRecord:
    return FundingRecord("ETHUSDT", time * MINUTE, time, lots, 100, 10_000, paid * U)


def minutes(*prices: tuple[int, int, int], first: int = 0) -> Minutes:
    """Minutes from ``first`` on as (high, low, close); each opens where the one before closed."""
    high, low, close = (np.array(column, dtype=np.int64) for column in zip(*prices, strict=True))
    opens = np.concatenate((close[:1], close[:-1]))
    return Minutes((first + np.arange(len(prices))) * MINUTE, opens, high, low, close)


def flat_minutes(*closes: int) -> Minutes:
    """Minutes whose prices are all their close."""
    return minutes(*((price, price, price) for price in closes))


def track(
    executions: Sequence[ExecutionRecord] = (),
    equity: Sequence[float] = (1_000,),
    *,
    step_ms: int = DAY_MS,
    wallet: float | None = None,
    **more: Any,
) -> TrackRecord:
    """A record of an account whose equity, in coins, is told each ``step_ms``, the start first."""
    points = [
        EquityRecord(place * step_ms, round(value * U), 0) for place, value in enumerate(equity) if place
    ]
    found = TrackRecord(
        instruments={"ETHUSDT": PLAIN, "BTCUSDT": replace(PLAIN, symbol="BTCUSDT")},
        start_ms=0,
        end_ms=max(1, len(equity) - 1) * step_ms,
        start=round(equity[0] * U),
        wallet=round((equity[-1] if wallet is None else wallet) * U),
        executions=Executions.of(executions),
        equity=Equity.of(points),
        traded=("ETHUSDT",),
    )
    return replace(found, **more)


def told(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The values of metrics by name."""
    return {name: metric.value for name, metric in metrics.items()}
