"""``manage.py preflight``: the worst case of a bot document, without a database."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from trading_core.backtest.inputs import BASE, Market, market_from, read_bot
from trading_core.engine.document import BotDocument
from trading_core.engine.preflight import Preflight, as_data, preflight
from trading_core.errors import AilonaError, InvalidInput
from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import known_instrument
from trading_core.market.resample import resample
from trading_core.money import decimal_of, money
from trading_core.plan.frame import Frame, recent_of
from trading_core.plan.recent import Recent, candles_needed

_COLUMNS = (
    ("part", "part"), ("price", "price"), ("qty", "qty"), ("quote", "quote"), ("average_price", "average"),
    ("worth", "worth"), ("margin", "margin"), ("stop_price", "stop"), ("liquidation_price", "liquidation"),
    ("stop_to_liquidation_pct", "room %"),
)  # fmt: skip


def _positive(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """An option that is a positive decimal."""

    def parse(text: str) -> Any:
        try:
            value = read(text)
        except ValueError as error:
            raise ArgumentTypeError(str(error)) from None
        if value <= 0:
            raise ArgumentTypeError("expected more than 0")
        return value

    return parse


class Command(BaseCommand):
    """Prints the table; ends with 1 if the bot must not start."""

    help = "Show the worst case of a bot document: every leg, margin, liquidation, and the loss at the stop."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare what may be chosen."""
        parser.add_argument("--bot", type=Path, required=True, metavar="BOT.json", help="the bot document")
        parser.add_argument("--symbol", help="only this symbol of the bot")
        parser.add_argument(
            "--price", type=_positive(decimal_of), metavar="PRICE",
            help="price to enter at; needs --symbol if the bot has several. Default: the last close",
        )  # fmt: skip
        parser.add_argument(
            "--equity", type=_positive(money), metavar="USDT", help="default: the document's balance"
        )
        parser.add_argument(
            "--candles", type=Path, nargs="+", metavar="PATH", help="candle files; default: the store"
        )
        parser.add_argument("--json", action="store_true", help="print data instead of text")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Judge and print."""
        try:
            result = _judged(options)
        except AilonaError as error:
            raise CommandError(str(error)) from None
        data = as_data(result)
        if options["json"]:
            self.stdout.write(json.dumps(data, ensure_ascii=False, indent=2))
        else:
            self._print(data)
        if data["refused"]:
            raise CommandError("the bot must not start with this plan")

    def _print(self, data: dict[str, Any]) -> None:
        for case in data["cases"]:
            self.stdout.write(f"{case['symbol']} {case['side']} at {case['price']}")
            for line in _table(case["steps"]):
                self.stdout.write(f"  {line}")
            self.stdout.write(
                f"  at the stop, filled at {case['exit_price']}: {case['loss']} lost, {case['loss_pct']} % of "
                f"{data['equity']}; exposure {case['exposure_pct']} %, margin {case['margin']}"
            )
        sums = data["together"]
        self.stdout.write(
            f"{sums['positions']} at once: worth {sums['worth']}, margin {sums['margin']}, loss {sums['loss']}"
        )
        for finding in data["findings"]:
            word = "refused" if finding["refuses"] else "warning"
            place = " ".join(part for part in (finding["symbol"], finding["side"]) if part)
            self.stdout.write(f"{word}: {place + ': ' if place else ''}{finding['text']}")


def _table(steps: list[dict[str, Any]]) -> list[str]:
    rows = [[title for _, title in _COLUMNS], *([str(step[key]) for key, _ in _COLUMNS] for step in steps)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _judged(options: dict[str, Any]) -> Preflight:
    document = _narrowed(read_bot(options["bot"]), options["symbol"])
    price: Decimal | None = options["price"]
    equity: int = options["equity"] or document.balance
    if price is not None:
        return preflight(document, *_priced(document, price), equity=equity)
    found = market_from(document, options["candles"], Path(settings.DATA_DIR) / "candles")
    instruments = {symbol: found.instruments[symbol] for symbol in document.symbols}
    closes = {symbol: float(found.candles[symbol].close[-1]) for symbol in document.symbols}
    prices = {symbol: instruments[symbol].nearest_ticks(close) for symbol, close in closes.items()}
    recents = {s: recent for s in document.symbols if (recent := _recent(document, found, s)) is not None}
    return preflight(document, instruments, prices, equity=equity, recents=recents)


def _recent(document: BotDocument, found: Market, symbol: str) -> Recent | None:
    """The last candles of the bot's timeframe, as many as the plan draws its distances from."""
    base, step = found.candles[symbol], document.timeframe
    close_ms = (int(base.open_time[-1]) + BASE.ms) // step.ms * step.ms
    frame = Frame(step, found.instruments[symbol], resample(base, BASE, step, until_ms=close_ms))
    return recent_of(frame, close_ms, candles_needed(document.plan))


def _narrowed(document: BotDocument, symbol: str | None) -> BotDocument:
    if symbol is None:
        return document
    if symbol not in document.symbols:
        raise InvalidInput("--symbol", f"expected one of {', '.join(document.symbols)}, was {symbol!r:.40}")
    return replace(document, symbols=(symbol,))


def _priced(document: BotDocument, price: Decimal) -> tuple[dict[str, Instrument], dict[str, int]]:
    """The only symbol at a price, by its well-known contract."""
    if len(document.symbols) > 1:
        raise InvalidInput("--price", f"the bot has {len(document.symbols)} symbols: name one with --symbol")
    symbol = document.symbols[0]
    instrument = known_instrument(symbol)
    if instrument is None:
        raise InvalidInput("--price", f"the contract of {symbol} isn't known without candles: leave it out")
    return {symbol: instrument}, {symbol: instrument.ticks_floor(price)}
