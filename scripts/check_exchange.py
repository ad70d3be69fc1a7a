"""The contract with Bybit, checked against a real address by its operator: ``python -m scripts.check_exchange``.

It trades the smallest quantities with the key in BYBIT_API_KEY and BYBIT_API_SECRET, on the demo
environment unless told otherwise, prints one line per promise, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

from trading_core.errors import AilonaError, ExchangeError, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.environments import BYBIT, Addresses, venue_addresses
from trading_core.exchanges.bybit.keys import judged
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.exchanges.bybit.streams import BybitPrivateStream
from trading_core.exchanges.port import (
    Credentials,
    OrderNews,
    OrderRequest,
    PrivateNews,
    SignedWindow,
    StreamGap,
)
from trading_core.execution.order import OPEN_STATES, OrderState, Side
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe

PATIENCE_S = 10.0
MINUTE_MS = 60_000
DUPLICATE_LINK, ORDER_GONE = 110072, 110001
FAR = Decimal("0.9")
"""A buy so far below the market isn't filled."""


class Broken(AilonaError):
    """A promise that didn't hold."""


def wall_ms() -> int:
    """Return this machine's clock."""
    return time.time_ns() // 1_000_000


def window() -> SignedWindow:
    """Return a window from now on."""
    return SignedWindow(wall_ms(), 5000)


def until(found: Callable[[], bool], what: str) -> None:
    """Wait for something; raise ``Broken`` when it doesn't come."""
    end = time.monotonic() + PATIENCE_S
    while not found():
        if time.monotonic() > end:
            raise Broken(f"{what}: not within {PATIENCE_S:.0f} s")
        time.sleep(0.1)


class Listener:
    """The private stream on a thread of its own, and what it told."""

    def __init__(self, stream: BybitPrivateStream) -> None:
        self.heard: list[PrivateNews] = []
        self._stream = stream
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] = self._loop.create_task(self._listen())
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def told(self, link: str, *states: OrderState) -> bool:
        """Whether an order was told of in one of these states."""
        news = [n for n in list(self.heard) if isinstance(n, OrderNews)]
        return any(n.link == link and n.state in states for n in news)

    def stop(self) -> None:
        """End the thread."""
        self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._loop.run_until_complete(asyncio.wait([self._task]))

    async def _listen(self) -> None:
        async with aclosing(self._stream.news()) as source:
            async for news in source:
                self.heard.append(news)


@dataclass
class Check:
    """One run; ``steps`` are the promises in their order."""

    addresses: Addresses
    credentials: Credentials
    symbol: str
    instruments: dict[str, Instrument] = field(default_factory=dict)
    ticks: int = 0
    link: str = field(default_factory=lambda: f"check-{uuid4().hex[:20]}")
    lots: int = 0

    def __post_init__(self) -> None:
        self.market = BybitMarket(endpoint=self.addresses.rest, wall_ms=wall_ms)
        self.exchange = BybitExchange(
            endpoint=self.addresses.rest, credentials=self.credentials, instruments=self.instruments,
            wall_ms=wall_ms,
        )  # fmt: skip
        self.listener: Listener | None = None

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return the promises."""
        return [
            ("clock", lambda: f"{self.exchange.measure_clock()} ms off"),
            ("instruments", self.read_instruments),
            ("candles", self.read_candles),
            ("key", self.read_key),
            ("modes", self.read_modes),
            ("fees", lambda: "taker {}, maker {}".format(*self.exchange.fee_rates(self.symbol))),
            ("private stream", self.listen),
            ("place a far limit order", self.place),
            ("the stream tells of it", lambda: self.is_told(*OPEN_STATES)),
            ("it is found by its link", self.look_up),
            ("its link is taken", self.place_again),
            ("amend", self.amend),
            ("cancel", self.cancel),
            ("the stream tells of the end", lambda: self.is_told(OrderState.CANCELLED)),
            ("a second cancel is refused", self.cancel_again),
            ("open a position with a stop", self.open_position),
            ("move the stop by trading-stop", self.move_stop),
            ("close it, reduce-only", self.close_position),
        ]

    def read_instruments(self) -> str:
        """Read every instrument."""
        self.instruments.update({i.symbol: i for i in self.market.instruments("linear")})
        if self.symbol not in self.instruments:
            raise Broken(f"{self.symbol} is not listed")
        return f"{len(self.instruments)} contracts"

    def read_candles(self) -> str:
        """Read the last closed minutes."""
        now = self.market.server_ms() // MINUTE_MS * MINUTE_MS
        found = self.market.candles(
            category="linear", symbol=self.symbol, timeframe=Timeframe.M1, start_ms=now - 10 * MINUTE_MS,
            end_ms=now,
        )  # fmt: skip
        if not len(found.close):
            raise Broken("no candles of the last ten minutes")
        instrument = self.instruments[self.symbol]
        self.ticks = instrument.nearest_ticks(float(found.close[-1]))
        far = int(self.ticks * FAR)
        needed = (
            -(-instrument.min_notional // instrument.notional_floor(far)) if instrument.min_notional else 1
        )
        self.lots = max(instrument.min_lots, needed)
        return f"last price {instrument.price(self.ticks)}"

    def read_key(self) -> str:
        """Judge the key."""
        report = judged(self.exchange.key_information(), now_ms=wall_ms())
        if report.refusals:
            raise Broken("; ".join(report.refusals))
        return "; ".join(report.warnings) or "nothing to warn of"

    def read_modes(self) -> str:
        """Read margin and position mode."""
        if self.exchange.hedged():
            raise Broken("hedge mode: switch to one-way on the exchange")
        return f"{self.exchange.margin_mode()}, one-way"

    def listen(self) -> str:
        """Connect the private stream."""
        self.listener = Listener(
            BybitPrivateStream(
                base=self.addresses.private_stream, credentials=self.credentials,
                instruments=self.instruments, wall_ms=wall_ms,
            )
        )  # fmt: skip
        heard = self.listener.heard
        until(lambda: any(isinstance(n, StreamGap) for n in list(heard)), "the stream's greeting")
        return "authenticated and subscribed"

    def request(self, *, link: str, ticks: int | None, side: Side = Side.BUY) -> OrderRequest:
        """Return the smallest order; a sale closes."""
        closing = side is Side.SELL
        stop = None if closing or ticks is not None else int(self.ticks * FAR)
        return OrderRequest(
            symbol=self.symbol, link=link, side=side, lots=self.lots, ticks=ticks, reduce_only=closing,
            stop_ticks=stop,
        )  # fmt: skip

    def place(self) -> str:
        """Place an order that rests."""
        far = int(self.ticks * FAR)
        return self.exchange.place(self.request(link=self.link, ticks=far), window=window())

    def is_told(self, *states: OrderState) -> str:
        """Wait for the stream."""
        listener = self.listener
        if listener is None:
            raise Broken("there is no stream")
        until(lambda: listener.told(self.link, *states), "the order on the stream")
        return "told"

    def look_up(self) -> str:
        """Find the order by its link."""
        until(lambda: self.exchange.order(symbol=self.symbol, link=self.link) is not None, "the lookup")
        return "found"

    def place_again(self) -> str:
        """Use the link twice."""
        try:
            self.place()
        except OutcomeUnknown as e:
            if e.code == DUPLICATE_LINK:
                return str(e)
            raise
        raise Broken("a second order with the same link was accepted")

    def amend(self) -> str:
        """Change the price."""
        ticks = int(self.ticks * FAR) - 1
        self.exchange.amend(symbol=self.symbol, link=self.link, lots=self.lots, ticks=ticks, window=window())

        def changed() -> bool:
            found = self.exchange.order(symbol=self.symbol, link=self.link)
            return found is not None and found.ticks == ticks

        until(changed, "the new price")
        return "price changed"

    def cancel(self) -> str:
        """Cancel the order."""
        self.exchange.cancel(symbol=self.symbol, link=self.link, window=window())
        return "accepted"

    def cancel_again(self) -> str:
        """Cancel what is gone."""
        try:
            self.cancel()
        except Rejected as e:
            if e.code == ORDER_GONE:
                return str(e)
            raise
        raise Broken("a cancel of a cancelled order was accepted")

    def held(self) -> int:
        """Return the lots held."""
        return sum(p.lots for p in self.exchange.positions() if p.symbol == self.symbol)

    def open_position(self) -> str:
        """Buy the smallest quantity at market."""
        if self.held():
            raise Broken(f"there is a position in {self.symbol} already: choose another symbol")
        self.exchange.place(self.request(link=f"{self.link}-b", ticks=None), window=window())
        until(lambda: self.held() == self.lots, "the position")
        return f"{self.lots} lots"

    def move_stop(self) -> str:
        """Move the position's stop."""
        stop = int(self.ticks * FAR) - 10
        self.exchange.set_stop(symbol=self.symbol, stop_ticks=stop, window=window())
        until(lambda: any(p.stop_ticks == stop for p in self.exchange.positions()), "the new stop")
        return "moved"

    def close_position(self) -> str:
        """Sell what was bought."""
        self.exchange.place(self.request(link=f"{self.link}-s", ticks=None, side=Side.SELL), window=window())
        until(lambda: self.held() == 0, "flat")
        return "flat"

    def clean(self) -> list[str]:
        """Leave nothing behind: cancel and close what this run made; return what could not be."""
        left = []
        for order in self.exchange.open_orders() if self.instruments else []:
            if order.link.startswith(self.link):
                self.exchange.cancel(symbol=order.symbol, link=order.link, window=window())
        bought = self.exchange.executions_of(symbol=self.symbol, link=f"{self.link}-b") if self.lots else []
        if bought and self.held():
            link = f"{self.link}-c"
            self.exchange.place(self.request(link=link, ticks=None, side=Side.SELL), window=window())
            left.append("a position was closed at the end")
        return left

    def close(self) -> None:
        """Drop the connections."""
        if self.listener is not None:
            self.listener.stop()
        self.exchange.close()
        self.market.close()


def run(check: Check) -> bool:
    """Go through the promises, print a table, clean up; return whether all held."""
    held = True
    try:
        for name, step in check.steps():
            try:
                words, verdict = step(), "ok"
            except (Broken, ExchangeError) as e:
                words, verdict, held = str(e), "BROKEN", False
            print(f"{verdict:<7} {name:<32} {words}")
            if not held:
                break
        for words in check.clean():
            print(f"{'left':<7} {words}")
    except ExchangeError as e:
        held = False
        print(f"{'left':<7} could not clean up: {e}")
    finally:
        check.close()
    return held


def main() -> int:
    """Run as a command; 0 when every promise held, 2 without keys."""
    parser = argparse.ArgumentParser(description="Check the Bybit adapter against a real address.")
    parser.add_argument("--environment", choices=("demo", "testnet"), default="demo")
    parser.add_argument("--url", help="a venue's address instead of one of Bybit's")
    parser.add_argument("--symbol", default="BTCUSDT", help="one the account holds nothing in")
    chosen = parser.parse_args()
    key, secret = os.environ.get("BYBIT_API_KEY"), os.environ.get("BYBIT_API_SECRET")
    if not key or not secret:
        print(
            "set BYBIT_API_KEY and BYBIT_API_SECRET: this places real orders of that account", file=sys.stderr
        )
        return 2
    addresses = venue_addresses(chosen.url) if chosen.url else BYBIT[chosen.environment]
    return 0 if run(Check(addresses, Credentials(key, secret), chosen.symbol)) else 1


if __name__ == "__main__":
    sys.exit(main())
