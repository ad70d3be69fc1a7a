"""A desk as it looks after a day of trading, written straight into the tables: for looks and page tests."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from accounts.models import AccountStatus, ExchangeAccount, User, Workspace
from accounts.selectors import memberships_of
from ailona.kit import clock
from ailona.kit.tenancy import workspace_scope
from bots.models import (
    Bot,
    BotState,
    Claim,
    EquityPoint,
    ExecutionRow,
    FeedStatus,
    OrderRow,
    Outcome,
    Plan,
    PositionRow,
)  # fmt: skip
from bots.services import store
from bots.services.instruments import save_instruments
from bots.services.lifecycle import create_paper_bot
from trading_core.execution.link import order_link
from trading_core.execution.order import Role
from trading_core.market.candle import Candle
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.money import money
from trading_core.plan.state import Leg, Phase, PlanState

SOURCE, CATEGORY = "synthetic", "linear"
MINUTE = Timeframe.M1.ms
HISTORY = 900


@dataclass(frozen=True)
class Coin:
    symbol: str
    base: str
    price: float
    tick: str
    step: str


COINS = (
    Coin("BTCUSDT", "BTC", 96_420.0, "0.1", "0.001"),
    Coin("ETHUSDT", "ETH", 3_412.0, "0.01", "0.01"),
    Coin("SOLUSDT", "SOL", 187.4, "0.01", "0.1"),
    Coin("XRPUSDT", "XRP", 2.231, "0.0001", "1"),
    Coin("DOGEUSDT", "DOGE", 0.3412, "0.00001", "1"),
)


def instrument(coin: Coin) -> Instrument:
    return Instrument(
        category=CATEGORY, symbol=coin.symbol, base_coin=coin.base, settle_coin="USDT",
        tick_size=Decimal(coin.tick), qty_step=Decimal(coin.step), min_lots=1, max_lots=10**9,
        max_market_lots=10**9, min_notional=money(5), max_leverage=Decimal(50), maintenance_ppm=5_000,
        funding_interval_min=480,
    )  # fmt: skip


RULES: dict[str, Any] = {
    "schema": 1,
    "long": {
        "all": [
            {"left": {"indicator": "rsi", "params": {"period": 14}}, "op": "<", "right": 32},
            {"left": {"price": "close"}, "op": ">", "right": {"indicator": "ema", "params": {"period": 200}}},
        ]
    },
    "exit_long": {"left": {"indicator": "rsi", "params": {"period": 14}}, "op": ">", "right": 68},
}


def document(name: str, symbols: list[str], /, **changes: Any) -> dict[str, Any]:
    """A whole bot document."""
    base: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "market": {"source": SOURCE, "category": CATEGORY},
        "universe": {"symbols": symbols},
        "timeframe": "1m",
        "rules": {"inline": RULES, "son": False},
        "plan": {
            "entry": {"type": "market"},
            "size": {"mode": "quote", "quote": "400"},
            "averaging": {"legs": 3, "deviation_pct": "0.5", "step_scale": "1.2", "quote": "400",
                          "volume_scale": "1.5", "resting": 2},
            "take_profit": {"pct": "0.6", "base": "average"},
            "stop": {"pct": "3", "base": "entry"},
            "exits": {"time_stop_minutes": 240, "on_rule": True},
        },
        "risk": {"leverage": "2", "max_open_positions": 3, "max_position_quote": "5000", "cooldown_candles": 1},
        "wallet": {"balance": "10000"},
    }  # fmt: skip
    return base | changes


def market(*, minutes: int = HISTORY, seed: int = 7) -> int:
    """Instruments, candles and a feed that heard the last one; return the last close."""
    rng = random.Random(seed)
    end = clock.wall_ms() // MINUTE * MINUTE
    save_instruments(SOURCE, [instrument(coin) for coin in COINS])
    for number, coin in enumerate(COINS):
        store.add_closed(
            SeriesKey(SOURCE, CATEGORY, coin.symbol, Timeframe.M1), _walk(coin, rng, number, end, minutes)
        )
    FeedStatus.objects.update_or_create(
        source=SOURCE,
        defaults={
            "market": "Synthetic, lively, seed 7",
            "connected": True,
            "last_close_ms": end,
            "heard_at": clock.now(),
        },
    )
    return end


def _walk(coin: Coin, rng: random.Random, phase: int, end: int, minutes: int) -> list[Candle]:
    price, rows, tick = coin.price, [], float(coin.tick)
    for i in range(minutes):
        open_ = price
        drift = 0.00035 * math.sin(i / 55 + phase) + rng.gauss(0, 0.0009)
        price = open_ * (1 + drift)
        high = max(open_, price) * (1 + abs(rng.gauss(0, 0.0004)))
        low = min(open_, price) * (1 - abs(rng.gauss(0, 0.0004)))
        o, h, low_, c = (round(round(x / tick) * tick, 8) for x in (open_, high, low, price))
        rows.append(
            Candle(
                end - (minutes - i) * MINUTE,
                o,
                max(o, h, c),
                min(o, low_, c),
                c,
                round(abs(rng.gauss(40, 20)) + 2, 2),
            )
        )
    return rows


def desk(user: User, *, minutes: int = HISTORY) -> Workspace:
    """Three bots of a person: one at work, one paused, one parked."""
    workspace = memberships_of(user)[0].workspace
    end = market(minutes=minutes)
    with workspace_scope(workspace.pk):
        _working(end)
        _quiet("Trend follower", ["BTCUSDT", "XRPUSDT"], BotState.ENTRIES_PAUSED, end, "", 10_212)
        _quiet(
            "Night shift",
            ["DOGEUSDT"],
            BotState.PARKED,
            end,
            "3 failures in a row: the venue refused the key",
            9_941,
        )
    return workspace


def _ready(bot: Bot, wallet: int) -> ExchangeAccount:
    account = bot.account
    account.status, account.opened_generation, account.wallet = AccountStatus.READY, 1, wallet
    account.save()
    return account


def _curve(bot: Bot, end: int, wallet: int, unrealised: int, *, points: int, seed: int) -> None:
    rng = random.Random(seed)
    began = bot.account.paper_balance
    rows = []
    for i in range(points):
        share = (i + 1) / points
        wobble = int(rng.gauss(0, 1) * 3 * 10**8 * (1 - share))
        value = began + int((wallet - began) * share) + wobble
        rows.append(
            EquityPoint(
                bot=bot,
                close_ms=end - (points - 1 - i) * MINUTE,
                wallet=value,
                unrealised=int(unrealised * share),
            )
        )
    EquityPoint.objects.bulk_create(rows)


def _quiet(name: str, symbols: list[str], state: BotState, end: int, reason: str, wallet: int) -> Bot:
    bot = create_paper_bot(document(name, symbols))
    _ready(bot, money(wallet))
    bot.state, bot.state_reason, bot.wanted, bot.done = state, reason, end, end
    bot.save()
    Outcome.objects.bulk_create(
        [Outcome(bot=bot, symbol=s, close_ms=end, code="no_signal", leaves=b"") for s in symbols]
    )
    _curve(bot, end, money(wallet), 0, points=240, seed=len(name))
    return bot


def _working(end: int) -> Bot:
    symbols = ["ETHUSDT", "SOLUSDT", "BTCUSDT"]
    bot = create_paper_bot(document("Dip buyer", symbols))
    bot.state, bot.wanted, bot.done, bot.started_at = BotState.RUNNING, end, end, clock.now()
    bot.save()
    for number, symbol in enumerate(symbols):
        _trades(bot, symbol, end, past=4 - number, held=symbol != "BTCUSDT")
    spent = sum(row.realised - row.fee for row in ExecutionRow.objects.filter(bot=bot))
    _ready(bot, bot.account.paper_balance + spent)
    _curve(bot, end, bot.account.wallet, money(9), points=300, seed=3)
    _outcomes(bot, end)
    return bot


def _outcomes(bot: Bot, end: int) -> None:
    held = {"side": "long", "lots": 41}
    rows = []
    for back in range(30):
        at = end - back * MINUTE
        rows += [
            Outcome(bot=bot, symbol=symbol, close_ms=at, code="in_position", leaves=b"", details=held)
            for symbol in ("ETHUSDT", "SOLUSDT")
        ]
        code, details = ("cooldown", {"side": "long", "until": "14:05"}) if back == 9 else ("no_signal", {})
        rows.append(Outcome(bot=bot, symbol="BTCUSDT", close_ms=at, code=code, leaves=b"", details=details))
    Outcome.objects.bulk_create(rows)


def _close_at(symbol: str, at: int) -> float:
    key = SeriesKey(SOURCE, CATEGORY, symbol, Timeframe.M1)
    return float(store.candles(key, at - MINUTE, at).close[-1])


def _trades(bot: Bot, symbol: str, end: int, *, past: int, held: bool) -> None:
    contract = instrument(next(coin for coin in COINS if coin.symbol == symbol))
    for number in range(past):
        opened = end - (110 - 24 * number) * MINUTE
        _round_trip(bot, contract, number + 1, opened, opened + 14 * MINUTE)
    if held:
        _held(bot, contract, past + 1, end)


def _fill(
    bot: Bot, contract: Instrument, trade: int, role: Role, side: str, at: int, lots: int, **more: Any
) -> ExecutionRow:
    ticks = more.pop("ticks", None) or contract.nearest_ticks(_close_at(contract.symbol, at))
    return ExecutionRow.objects.create(
        account=bot.account, bot=bot, exec_id=f"{bot.code}-{contract.symbol}-{trade}-{role}-{at}", exec_type="Trade",
        symbol=contract.symbol, trade=trade, role=role, leg=more.get("leg", 0), side=side, ticks=ticks, lots=lots,
        fee=contract.notional_ceil(ticks * lots) * 550 // 10**6, realised=more.get("realised", 0),
        is_maker=role in (Role.AVERAGE, Role.TAKE_PROFIT), time_ms=at, sequence=at, instrument_version=1,
    )  # fmt: skip


def _round_trip(bot: Bot, contract: Instrument, trade: int, opened: int, closed: int) -> None:
    entry_ticks = contract.nearest_ticks(_close_at(contract.symbol, opened))
    lots = max(1, contract.lots_for(money(400), entry_ticks))
    _fill(bot, contract, trade, Role.ENTRY, "Buy", opened, lots)
    exit_ticks = contract.nearest_ticks(_close_at(contract.symbol, closed))
    role = Role.TAKE_PROFIT if exit_ticks > entry_ticks else Role.EXIT
    _fill(
        bot,
        contract,
        trade,
        role,
        "Sell",
        closed,
        lots,
        realised=contract.notional_floor((exit_ticks - entry_ticks) * lots),
    )


def _held(bot: Bot, contract: Instrument, trade: int, end: int) -> None:
    opened = end - 12 * MINUTE
    entry = contract.nearest_ticks(_close_at(contract.symbol, opened))
    lots = max(1, contract.lots_for(money(400), entry))
    leg = entry * 9950 // 10000
    legs = tuple(Leg(entry * (10000 - 50 * k - 10 * k * k) // 10000, lots + k) for k in range(1, 4))
    _fill(bot, contract, trade, Role.ENTRY, "Buy", opened, lots)
    _fill(bot, contract, trade, Role.AVERAGE, "Buy", opened + 4 * MINUTE, lots + 1, leg=1, ticks=leg)
    cost = entry * lots + leg * (lots + 1)
    target = cost * 1006 // (1000 * (2 * lots + 1))
    PositionRow.objects.create(
        account=bot.account, bot=bot, symbol=contract.symbol, lots=2 * lots + 1, cost=cost, fees=money("0.44"),
        stop_ticks=entry * 97 // 100, leverage_ppm=2_000_000, opened_ms=opened,
    )  # fmt: skip
    Claim.objects.create(account=bot.account, symbol=contract.symbol, bot=bot)
    _order(bot, contract, trade, Role.AVERAGE, 2, "Buy", legs[1].ticks, legs[1].lots)
    _order(bot, contract, trade, Role.AVERAGE, 3, "Buy", legs[2].ticks, legs[2].lots)
    _order(bot, contract, trade, Role.TAKE_PROFIT, 0, "Sell", target, 2 * lots + 1, reduce_only=True)
    state = PlanState(phase=Phase.OPEN, trade=trade, direction=1, legs=legs, opened_ms=opened)
    Plan.objects.create(bot=bot, symbol=contract.symbol, trade=trade, state=state.as_record())


def _order(
    bot: Bot,
    contract: Instrument,
    trade: int,
    role: Role,
    leg: int,
    side: str,
    ticks: int,
    lots: int,
    *,
    reduce_only: bool = False,
) -> OrderRow:
    link = order_link(
        account=bot.account.code,
        bot=bot.code,
        symbol=contract.symbol,
        trade=trade,
        role=role,
        leg=leg,
        revision=0,
    )
    return OrderRow.objects.create(
        bot=bot, account=bot.account, link=link, symbol=contract.symbol, trade=trade, role=role, leg=leg, revision=0,
        side=side, ticks=ticks, lots=lots, reduce_only=reduce_only, state="accepted", instrument_version=1,
        decided_ms=0, created_at=clock.now(),
    )  # fmt: skip
