"""What a compiled run starts from: parameters and empty tables."""

from __future__ import annotations

import numpy as np

from trading_core.backtest.compiled import bot as on
from trading_core.backtest.compiled import layout as at
from trading_core.backtest.compiled.bot import Bot, Outcome
from trading_core.backtest.compiled.tables import STANDING_MAX
from trading_core.engine.document import BotDocument
from trading_core.plan.params import Base, EntryType, SizeMode, ladder, legs_quote

ENTRY_KINDS = {
    EntryType.MARKET: on.AT_MARKET,
    EntryType.LIMIT: on.AT_LIMIT,
    EntryType.POST_ONLY: on.ONLY_POSTED,
}
LEGS_MAX = on.PLACES - on.LEG_PLACE - 1

WANTED_MAX = 48
QUEUE_MAX = 512
ASKED_MAX = 256


def new_bot(document: BotDocument, symbols: int, *, notes: int) -> Bot:
    """A bot that has never traded, with room for so many notes."""
    rungs = [(rung.deviation_ppm, rung.quote) for rung in ladder(document.plan.averaging)]
    target = document.plan.take_profit
    steps = [(step.ppm, step.share_ppm) for step in target.steps] if target else []
    decays = [(step.minutes, step.ppm) for step in target.decay] if target else []
    plans = np.zeros((symbols, on.PLAN_COLUMNS), dtype=np.int64)
    plans[:, on.TARGET_NOW] = at.NONE
    plans[:, on.GATE] = 1
    desk = np.zeros(on.DESK_COLUMNS, dtype=np.int64)
    return Bot(
        desk=desk,
        plans=plans,
        legs=np.zeros((symbols, len(rungs) + 1, 2), dtype=np.int64),
        ours=np.zeros((symbols, STANDING_MAX), dtype=np.int64),
        places=np.zeros((symbols, on.PLACES, on.PLACE_COLUMNS), dtype=np.int64),
        wanted=np.zeros((WANTED_MAX, on.WANTED_COLUMNS), dtype=np.int64),
        queue=np.zeros((QUEUE_MAX, on.QUEUE_COLUMNS), dtype=np.int64),
        asked=np.zeros((symbols, ASKED_MAX, on.ASKED_COLUMNS), dtype=np.int64),
        notes=np.empty((notes, on.NOTE_COLUMNS), dtype=np.int64),
        params=_params(document),
        rungs=np.array(rungs, dtype=np.int64).reshape(len(rungs), 2),
        steps=np.array(steps, dtype=np.int64).reshape(len(steps), 2),
        decays=np.array(decays, dtype=np.int64).reshape(len(decays), 2),
    )


def _params(document: BotDocument) -> at.Ints:
    plan, risk, rules = document.plan, document.risk, document.rules
    values = {
        **_follow_params(document),
        on.ENTRY_KIND: ENTRY_KINDS[plan.entry.type],
        on.OFFSET: plan.entry.offset_ppm,
        on.TIMEOUT: plan.entry.timeout_candles,
        on.BY_EQUITY: plan.size.mode is not SizeMode.QUOTE,
        on.QUOTE: plan.size.quote,
        on.EQUITY_PPM: plan.size.equity_ppm,
        on.TARGET_PPM: plan.take_profit.ppm if plan.take_profit else at.NONE,
        on.TARGET_MOVES: bool(plan.take_profit and plan.take_profit.base is Base.AVERAGE),
        on.STOP_PPM: plan.stop.ppm,
        on.STOP_MOVES: plan.stop.base is Base.AVERAGE,
        on.TIME_STOP: at.NONE if plan.exits.time_stop_minutes is None else plan.exits.time_stop_minutes,
        on.ON_RULE: plan.exits.on_rule,
        on.RESTING: plan.averaging.resting if plan.averaging else 0,
        on.RUNGS: len(ladder(plan.averaging)),
        on.LEGS_QUOTE: legs_quote(plan.averaging),
        on.WANTED_LEVERAGE: risk.leverage_ppm,
        on.MAX_OPEN: risk.max_open_positions,
        on.MAX_QUOTE: risk.max_position_quote,
        on.COOLDOWN: risk.cooldown_candles,
        on.TIMEFRAME: document.timeframe.ms,
        on.TAKER_FEE: document.fees.taker_ppm,
        on.GATED_LONG: rules.average_long is not None,
        on.GATED_SHORT: rules.average_short is not None,
    }
    return np.array([int(values[column]) for column in range(on.PARAM_COLUMNS)], dtype=np.int64)


def _follow_params(document: BotDocument) -> dict[int, int]:
    """What is drawn from the market, moves after the entry, or ends a trade in other ways than by target and stop."""
    plan, stop, target, exits = (
        document.plan,
        document.plan.stop,
        document.plan.take_profit,
        document.plan.exits,
    )
    trailing, even, drawn = stop.trailing, stop.break_even, stop.drawn
    told = {
        on.ENTRY_SLIPPAGE: plan.entry.slippage_ppm,
        on.TARGET_TRAIL: target.trailing_ppm if target else None,
        on.TRAIL_START: trailing.activation_ppm if trailing else None,
        on.TRAIL_DISTANCE: trailing.distance_ppm if trailing else None,
        on.EVEN_TRIGGER: even.trigger_ppm if even else None,
        on.EVEN_OFFSET: even.offset_ppm if even else None,
        on.MIN_PROFIT: exits.min_profit_ppm,
    }
    return {
        **{column: at.NONE if value is None else value for column, value in told.items()},
        on.REQUOTES_MAX: plan.entry.requotes,
        on.CHASE: plan.entry.chase_ppm,
        on.BY_RISK: plan.size.mode is SizeMode.RISK_PCT,
        on.REINVEST: plan.size.reinvest_ppm,
        on.BALANCE: document.balance,
        on.STEPS: len(target.steps) if target else 0,
        on.DECAYS: len(target.decay) if target else 0,
        on.ON_OPPOSITE: exits.on_opposite,
        on.FOLLOWS: plan.follows,
        on.DRAWN_ATR: drawn.atr_ppm if drawn else 0,
        on.DRAWN_LEAST: drawn.least_ppm if drawn else 0,
        on.DRAWS: 0 if drawn is None else (1 if drawn.atr_ppm else 2),
    }


def new_outcome(symbols: int, minutes: int) -> Outcome:
    """Room for what a run writes down minute by minute."""
    codes, money = np.empty((symbols, minutes), dtype=np.int8), np.empty((2, minutes), dtype=np.int64)
    return Outcome(codes, money[0], money[1])
