"""A bot's document in a dozen lines for people."""

from __future__ import annotations

from bots.models import Bot
from bots.services.documents import document_of
from trading_core.engine.document import BotDocument
from trading_core.plan.params import SizeMode

TIMES = "\N{MULTIPLICATION SIGN}"


def settings_of(bot: Bot) -> list[tuple[str, str]]:
    """Name and value pairs, in the order a trader asks."""
    document = document_of(bot)
    data = document.canonical()
    plan, risk = data["plan"], data["risk"]
    return [
        ("Market", f"{document.market.source}, {document.market.category}"),
        ("Entry", _entry(document)),
        ("Size", _size(document)),
        ("Ladder", _ladder(document)),
        (
            "Take profit",
            f"{plan['take_profit']['pct']}% of {plan['take_profit']['base']}"
            if plan["take_profit"]
            else "none",
        ),
        ("Stop", f"{plan['stop']['pct']}% of {plan['stop']['base']}"),
        (
            "Time stop",
            f"{plan['exits']['time_stop_minutes']} min" if plan["exits"]["time_stop_minutes"] else "none",
        ),
        ("Leverage", f"{risk['leverage']}{TIMES}"),
        ("Positions at once", str(risk["max_open_positions"])),
        ("Largest position", f"{risk['max_position_quote']} USDT"),
        ("Cooldown", f"{risk['cooldown_candles']} candles"),
    ]


def _entry(document: BotDocument) -> str:
    entry = document.canonical()["plan"]["entry"]
    return (
        "market"
        if entry["type"] == "market"
        else f"limit {entry['offset_pct']}% off, {entry['timeout_candles']} candles"
    )


def _size(document: BotDocument) -> str:
    size = document.canonical()["plan"]["size"]
    return (
        f"{size['quote']} USDT" if document.plan.size.mode is SizeMode.QUOTE else f"{size['pct']}% of equity"
    )


def _ladder(document: BotDocument) -> str:
    averaging = document.canonical()["plan"]["averaging"]
    if averaging is None:
        return "none"
    worth = f"{averaging['quote']} USDT {TIMES}{averaging['volume_scale']}"
    return f"{averaging['legs']} legs from {averaging['deviation_pct']}%, {worth}"
