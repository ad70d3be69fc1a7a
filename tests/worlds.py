"""Small real worlds of the loop: a market with candles, a workspace, bots on paper accounts, a venue's news."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import count
from typing import Any

from accounts.models import AccountStatus, ExchangeAccount, Workspace
from accounts.services import open_paper_account
from ailona.kit.tenancy import workspace_scope
from bots.models import Bot, BotState, IntentRow, IntentState, OrderRow
from bots.services import store
from bots.services.cycle import run_cycle
from bots.services.instruments import forget_instruments, save_instruments
from bots.services.lifecycle import create_bot, start_bot
from bots.services.news import apply_execution, apply_order
from bots.services.regimes import forget_regimes
from bots.services.series import forget_series
from bots.services.tickers import forget_tickers
from bots.services.verdicts import forget_verdicts
from bots.services.wake import wake
from tests.builders import START_MS
from tests.roles import acting_as
from trading_core.exchanges.port import ExecutionNews, OrderNews
from trading_core.execution.order import OrderState, Side
from trading_core.market.candle import Candle
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.money import money

SOURCE = "synthetic"
LINEAR = "linear"
MINUTE = store.BASE.ms
ALWAYS_LONG = {"schema": 1, "long": {"left": {"price": "close"}, "op": ">", "right": 0}}
NEVER = {"schema": 1, "long": {"left": {"price": "close"}, "op": "<", "right": 0}}


def instrument(symbol: str = "BTCUSDT", *, tick: str = "0.1", step: str = "0.001") -> Instrument:
    return Instrument(
        category=LINEAR, symbol=symbol, base_coin=symbol.removesuffix("USDT"), settle_coin="USDT",
        tick_size=Decimal(tick), qty_step=Decimal(step), min_lots=1, max_lots=1_000_000,
        max_market_lots=1_000_000, min_notional=money(5), max_leverage=Decimal(50), maintenance_ppm=5_000,
        funding_interval_min=480,
    )  # fmt: skip


def key(symbol: str = "BTCUSDT", source: str = SOURCE) -> SeriesKey:
    return SeriesKey(source, LINEAR, symbol, store.BASE)


def candle(minute: int, close: float = 100.0, **other: float) -> Candle:
    values = {"open": close, "high": close, "low": close, "close": close, "volume": 1.0, "turnover": 100.0}
    return Candle(START_MS + minute * MINUTE, **(values | other))


def document(**changes: Any) -> dict[str, Any]:
    base: dict[str, Any] = {
        "schema": 1,
        "name": "Always in",
        "market": {"source": SOURCE, "category": LINEAR},
        "universe": {"symbols": ["BTCUSDT"]},
        "timeframe": "1m",
        "detail_timeframe": "1m",
        "rules": {"inline": ALWAYS_LONG, "son": False},
        "plan": {
            "entry": {"type": "market"},
            "size": {"mode": "quote", "quote": "200"},
            "averaging": None,
            "take_profit": {"pct": "1.0", "base": "average"},
            "stop": {"pct": "4", "base": "entry"},
            "exits": {"time_stop_minutes": None, "on_rule": True},
        },
        "risk": {
            "leverage": "2",
            "max_open_positions": 3,
            "max_position_quote": "5000",
            "cooldown_candles": 1,
        },
        "fees": {"maker_pct": "0.02", "taker_pct": "0.055"},
        "wallet": {"balance": "10000"},
    }
    return base | changes


def forget_everything() -> None:
    """Drop what this process remembers of a database that is gone."""
    store.forget_candles()
    forget_series()
    forget_tickers()
    forget_regimes()
    forget_instruments()
    forget_verdicts()


@dataclass
class World:
    """One workspace on one market."""

    workspace: Workspace
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT")
    sequence: Iterator[int] = field(default_factory=lambda: count(1))
    minute: int = 0
    """How many minutes have closed."""

    def __post_init__(self) -> None:
        forget_everything()
        with acting_as("engine"):
            save_instruments(SOURCE, [instrument(symbol) for symbol in self.symbols])

    @contextmanager
    def inside(self) -> Iterator[None]:
        with workspace_scope(self.workspace.pk):
            yield

    def account(self, name: str = "Paper", balance: str = "10000") -> ExchangeAccount:
        """A paper account as the trader leaves it once the venue has opened it."""
        with self.inside():
            account = open_paper_account(name, money(balance))
            account.status, account.opened_generation = AccountStatus.READY, account.generation
            account.wallet, account.venue_uid = account.paper_balance, f"uid-{account.pk}"
            account.save()
        return account

    def bot(self, account: ExchangeAccount | None = None, *, start: bool = True, **changes: Any) -> Bot:
        bot = create_bot(document(**changes), account or self.account())
        return start_bot(bot) if start else bot

    def shared_account(self) -> ExchangeAccount:
        """An account that may serve several bots."""
        account = self.account("Simulator")
        with self.inside():
            account.environment = "simulator"
            account.save()
        return account

    def close(self, price: float = 100.0, *, symbols: tuple[str, ...] | None = None) -> int:
        """The next minute closes at that price everywhere; returns the close in ms."""
        with acting_as("engine"):
            for symbol in symbols or self.symbols:
                store.add_closed(key(symbol), [candle(self.minute, price)])
            self.minute += 1
            close_ms = START_MS + self.minute * MINUTE
            wake(SOURCE, LINEAR, close_ms)
        return close_ms

    def decide(self, bot: Bot) -> int:
        """Run the bot's cycle as the engine does."""
        with acting_as("engine"):
            return run_cycle(bot.pk, bot.workspace_id)

    def hear(self, news: ExecutionNews | OrderNews, bot: Bot, *, listed: bool = False) -> bool:
        """Apply the venue's news of the bot's account as the engine does."""
        with self.inside():
            account = ExchangeAccount.objects.get(pk=bot.account_id)
        with acting_as("engine"):
            if isinstance(news, ExecutionNews):
                return apply_execution(account, news)
            return apply_order(account, news, listed=listed)

    def accept(self, bot: Bot) -> list[OrderRow]:
        """Do the trader's part without a venue: every planned intent is sent, confirmed and its order stands."""
        placed = []
        with self.inside():
            for intent in IntentRow.objects.filter(bot=bot, state=IntentState.PLANNED).order_by(
                "priority", "pk"
            ):
                intent.state = IntentState.CONFIRMED
                intent.save()
                order = intent.order
                if order is None:
                    continue
                if intent.kind == "place":
                    order.state = OrderState.ACCEPTED.value
                    order.save()
                    placed.append(order)
        return placed

    def execution(
        self, order: OrderRow, *, ticks: int, lots: int | None = None, **changes: Any
    ) -> ExecutionNews:
        number = next(self.sequence)
        values: dict[str, Any] = {
            "exec_id": f"e-{number}", "exec_type": "Trade", "link": order.link, "venue_order_id": f"v-{order.pk}",
            "symbol": order.symbol, "side": Side(order.side), "ticks": ticks,
            "lots": order.lots if lots is None else lots, "fee": 1_000, "is_maker": False,
            "stop_order_type": "", "time_ms": START_MS + self.minute * MINUTE, "sequence": number,
        }  # fmt: skip
        return ExecutionNews(**(values | changes))

    def order_news(self, order: OrderRow, state: OrderState, **changes: Any) -> OrderNews:
        values: dict[str, Any] = {
            "link": order.link, "venue_order_id": f"v-{order.pk}", "symbol": order.symbol,
            "side": Side(order.side), "state": state, "lots": order.lots, "filled": 0, "ticks": order.ticks,
            "reduce_only": order.reduce_only, "updated_ms": START_MS + self.minute * MINUTE,
        }  # fmt: skip
        return OrderNews(**(values | changes))

    def state_of(self, bot: Bot) -> BotState:
        with self.inside():
            return BotState(Bot.objects.values_list("state", flat=True).get(pk=bot.pk))
