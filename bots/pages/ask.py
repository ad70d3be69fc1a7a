"""What a confirmation says: exactly what will happen to positions and orders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.urls import reverse

from ailona.kit.templatetags.kit import change, money, price
from bots.models import Bot, OrderRow, StopMode
from bots.pages.holdings import Holding
from bots.pages.words import words
from trading_core.execution.order import OPEN_STATES


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to do it."""

    value: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Ask:
    """A confirmation."""

    title: str
    text: str
    verb: str
    url: str
    back: str
    effects: list[str] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    danger: bool = False


_STOP_FLAT = Choice(StopMode.CANCEL, "Stop now", "Standing entries are cancelled.")


def ask_stop(bot: Bot, positions: Sequence[Holding]) -> Ask:
    """Before a bot is stopped."""
    orders = _orders(bot)
    return Ask(
        title=f"Stop {bot.name}?",
        text="It takes no entries from now on."
        if positions
        else "It holds nothing. It takes no entries from now on.",
        verb="Stop the bot",
        url=_url(bot, "stop"),
        back=reverse("bot", args=[bot.code]),
        effects=[*(_held(one) for one in positions), *_resting(orders)],
        choices=_stop_choices() if positions else [_STOP_FLAT],
    )


def _stop_choices() -> list[Choice]:
    return [
        Choice(
            "close_only",
            "Let positions end by their own exits",
            "No entries and no more ladder legs. Targets and stops stay; the rules may still close.",
        ),
        Choice(
            StopMode.CANCEL,
            "Stop now, keep positions",
            "Nothing is decided any more. Entries and ladder legs are cancelled; each position keeps its protective "
            "stop and its targets.",
        ),
        Choice(
            StopMode.LEAVE,
            "Stop now, leave everything as it stands",
            "The same, and ladder legs stay on the exchange: a position may still grow, as far as its ladder goes.",
        ),
        Choice(
            StopMode.CLOSE_LIMIT,
            "Close positions by limit orders, then stop",
            "Every other order is cancelled. A reduce-only limit order follows the last price; what is left after five "
            "minutes is closed at the market. The stop stands until the position is gone.",
        ),
        Choice(
            StopMode.CLOSE,
            "Close positions at the market now, then stop",
            "Every order is cancelled and each position is closed by a reduce-only market order.",
        ),
    ]


def ask_panic(bot: Bot, positions: Sequence[Holding]) -> Ask:
    """Before everything of a bot is closed."""
    orders = _orders(bot)
    closes = [
        f"{_held(one)}: closed by a reduce-only market order, now about {_worth(one)}." for one in positions
    ]
    return Ask(
        title=f"Panic: close everything of {bot.name}?",
        text="All of this starts at once and can't be taken back. "
        "The protective stop stays on each position until it is closed.",
        verb="Close everything now",
        url=_url(bot, "panic"),
        back=reverse("bot", args=[bot.code]),
        effects=[
            *(closes or ["No position is open: nothing is closed."]),
            *(f"{line}: cancelled." for line in _resting(orders)),
            "The bot takes no entries afterwards; it has to be started again.",
        ],
        danger=True,
    )


def _url(bot: Bot, action: str) -> str:
    return reverse("bot-act", args=[bot.code, action])


def _held(one: Holding) -> str:
    return f"{one.direction} {price(one.qty)} {one.coin} ({one.symbol}) at {price(one.average)}"


def _worth(one: Holding) -> str:
    if one.unrealised is None:
        return "unknown"
    return f"{change(one.unrealised)} USDT of {money(one.notional)}"


def _orders(bot: Bot) -> list[OrderRow]:
    return list(OrderRow.objects.filter(bot=bot, state__in=OPEN_STATES).order_by("symbol", "role"))


def _resting(orders: Sequence[OrderRow]) -> list[str]:
    counts: dict[tuple[str, str], int] = {}
    for order in orders:
        counts[(order.symbol, order.role)] = counts.get((order.symbol, order.role), 0) + 1
    return [
        f"{number} {words(role).lower()} order{'s' if number > 1 else ''} of {symbol}"
        for (symbol, role), number in counts.items()
    ]
