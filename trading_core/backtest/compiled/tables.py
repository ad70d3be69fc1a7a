"""The tables of a compiled account, filled in from instruments and matching parameters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.layout import Ints, World
from trading_core.backtest.compiled.trading import NEVER_FALLS, NEVER_RISES
from trading_core.market.instrument import Instrument
from trading_core.money import PPM
from trading_core.simulator.book import DEFAULT_LEVERAGE_PPM
from trading_core.simulator.params import MatchingParams

STANDING_MAX = 96
"""Orders of a symbol that may stand at once: a ladder of legs, one of targets, entry and exit, with room."""


def new_world(
    instruments: Sequence[Instrument], params: MatchingParams, *, wallet: int, orders: int, executions: int
) -> World:
    """An account that has never traded, with room for so many orders and executions: their rows are not wiped."""
    account = np.zeros(at.ACCOUNT_COLUMNS, dtype=np.int64)
    account[at.WALLET] = wallet
    books = np.zeros((len(instruments), at.BOOK_COLUMNS), dtype=np.int64)
    books[:, at.STOP] = at.NONE
    books[:, at.MARK_HIGH] = NEVER_RISES
    books[:, at.LEVERAGE] = DEFAULT_LEVERAGE_PPM
    books[:, at.FALLS], books[:, at.RISES] = NEVER_FALLS, NEVER_RISES
    return World(
        account,
        books,
        np.zeros((len(instruments), STANDING_MAX), dtype=np.int64),
        np.empty((orders, at.ORDER_COLUMNS), dtype=np.int64),
        np.empty((executions, at.EXECUTION_COLUMNS), dtype=np.int64),
        np.array([_contract(one) for one in instruments], dtype=np.int64),
        _tiers(instruments),
        _matching(params),
    )


def _contract(one: Instrument) -> list[int]:
    num, den = one.value_scale
    return [
        num, den, one.min_lots, one.max_lots, one.max_market_lots, one.min_notional, one.price_limit_x_ppm,
        one.price_limit_y_ppm, len(one.tiers), int(one.max_leverage * PPM), int(one.is_trading),
    ]  # fmt: skip


def _tiers(instruments: Sequence[Instrument]) -> Ints:
    most = max(len(one.tiers) for one in instruments)
    table = np.zeros((len(instruments), most, at.TIER_COLUMNS), dtype=np.int64)
    for s, one in enumerate(instruments):
        for k, tier in enumerate(one.tiers):
            limit = min(tier.limit, at.MONEY_MAX)
            table[s, k] = (limit, tier.maintenance_ppm, tier.deduction, tier.leverage_ppm)
    return table


def _matching(params: MatchingParams) -> Ints:
    share = at.NONE if params.volume_share_ppm is None else params.volume_share_ppm
    row = [params.spread_ticks, params.slippage_ppm, params.maker_ppm, params.taker_ppm, share]
    return np.array([*row, int(params.price_limits)], dtype=np.int64)
