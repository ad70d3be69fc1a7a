"""The contract with Bybit, checked against a real address by its operator: ``python -m scripts.check_exchange``.

It trades the smallest quantities with the key in BYBIT_API_KEY and BYBIT_API_SECRET, on the demo
environment unless told otherwise, prints one line per promise, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from uuid import uuid4

from scripts.exchange_orders import FurtherSteps
from scripts.exchange_tools import Broken, Listener, patiently, until, wall_ms, window
from trading_core.errors import ExchangeError, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.environments import BYBIT, Addresses, venue_addresses
from trading_core.exchanges.bybit.keys import judged
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.exchanges.bybit.streams import BybitPrivateStream
from trading_core.exchanges.port import Credentials, OrderRequest
from trading_core.execution.order import OPEN_STATES, OrderState, Side
from trading_core.market.instrument import Instrument
from trading_core.market.timeframe import Timeframe

MINUTE_MS = 60_000
DUPLICATE_LINK, ORDER_GONE = 110072, 110001
SALES_MAX = 30
FAR = Decimal("0.9")
"""A buy so far below the market isn't filled."""


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
        self.pacer = Pacer()
        self.exchange = BybitExchange(
            endpoint=self.addresses.rest, credentials=self.credentials, instruments=self.instruments,
            wall_ms=wall_ms, pacer=self.pacer,
        )  # fmt: skip
        self.listener: Listener | None = None
        self.began_flat = False
        self.more = FurtherSteps(self)

    def steps(self) -> list[tuple[str, Callable[[], str]]]:
        """Return the promises."""
        return [
            ("clock", lambda: f"{self.exchange.measure_clock()} ms off"),
            ("instruments", self.read_instruments),
            ("candles", self.read_candles),
            ("key", self.read_key),
            ("modes", self.read_modes),
            ("fees", self.read_fees),
            ("private stream", self.listen),
            ("place a far limit order", self.place),
            ("the stream tells of it", lambda: self.is_told(self.link, *OPEN_STATES)),
            ("it is found by its link", self.look_up),
            ("its link is taken", self.place_again),
            ("amend", self.amend),
            ("cancel", self.cancel),
            ("the stream tells of the end", lambda: self.is_told(self.link, OrderState.CANCELLED)),
            ("a second cancel is refused", self.cancel_again),
            *self.more.orders(),
            ("open a position with a stop", self.open_position),
            ("move the stop by trading-stop", self.move_stop),
            *self.more.positions(),
            ("close it, reduce-only", self.close_position),
            *self.more.streams(),
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

    def read_fees(self) -> str:
        """Read the account's rates."""
        rates = self.exchange.fee_rates().get(self.symbol)
        if rates is None:
            raise Broken(f"no rates of {self.symbol}")
        return f"taker {rates.taker}, maker {rates.maker}"

    def listen(self) -> str:
        """Connect the private stream, anew if there is one."""
        if self.listener is not None:
            self.listener.stop()
        self.listener = listener = Listener(
            BybitPrivateStream(
                base=self.addresses.private_stream, credentials=self.credentials,
                instruments=self.instruments, wall_ms=wall_ms,
            )
        )  # fmt: skip
        until(lambda: listener.gaps > 0, "the stream's greeting")
        return "authenticated and subscribed"

    def request(self, *, link: str, ticks: int | None, side: Side = Side.BUY, lots: int = 0) -> OrderRequest:
        """Return an order, the smallest unless told otherwise; a sale closes."""
        closing = side is Side.SELL
        stop = None if closing or ticks is not None else int(self.ticks * FAR)
        return OrderRequest(
            symbol=self.symbol, link=link, side=side, lots=lots or self.lots, ticks=ticks,
            reduce_only=closing, stop_ticks=stop,
        )  # fmt: skip

    def place(self) -> str:
        """Place an order that rests."""
        far = int(self.ticks * FAR)
        return self.exchange.place(self.request(link=self.link, ticks=far), window=window())

    def told(self) -> Listener:
        """Return the private stream."""
        if self.listener is None:
            raise Broken("there is no stream")
        return self.listener

    def is_told(self, link: str, *states: OrderState) -> str:
        """Wait for the stream to tell of an order in one of these states."""
        listener = self.told()
        until(lambda: listener.told(link, *states), "the order on the stream")
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
        """Buy twice the smallest quantity at market: half of it can be closed."""
        if self.held():
            raise Broken(f"there is a position in {self.symbol} already: choose another symbol")
        self.began_flat = True
        wanted = 2 * self.lots
        self.send(self.request(link=f"{self.link}-b", ticks=None, lots=wanted))
        until(lambda: self.held() == wanted, "the position")
        return f"{wanted} lots"

    def move_stop(self) -> str:
        """Move the position's stop."""
        stop = int(self.ticks * FAR) - 10
        self.exchange.set_stop(symbol=self.symbol, stop_ticks=stop, window=window())
        until(lambda: any(p.stop_ticks == stop for p in self.exchange.positions()), "the new stop")
        return "moved"

    def close_position(self) -> str:
        """Sell what is left of what was bought."""
        return f"flat after {self.sell_all('s')} orders"

    def send(self, order: OrderRequest) -> None:
        """Place an order, as often as the exchange has no time for it."""
        patiently(lambda: self.exchange.place(order, window=window()))

    def end(self, link: str) -> None:
        """Cancel an order, likewise."""
        patiently(lambda: self.exchange.cancel(symbol=self.symbol, link=link, window=window()))

    def sell_all(self, suffix: str) -> int:
        """Sell until nothing is held: a market order too is cancelled when it finds nobody; count the orders."""
        for number in range(SALES_MAX):
            held = self.held()
            if not held:
                return number
            link = f"{self.link}-{suffix}{number}"
            order = self.request(link=link, ticks=None, side=Side.SELL, lots=held)
            self.send(order)
            until(lambda link=link: self.has_ended(link), "the end of a sale")  # type: ignore[misc]
        raise Broken(f"{self.held()} lots are left after {SALES_MAX} sales")

    def has_ended(self, link: str) -> bool:
        """Whether an order is over."""
        found = self.exchange.order(symbol=self.symbol, link=link)
        return found is not None and found.state.is_final

    def clean(self) -> list[str]:
        """Leave nothing behind: cancel and close what this run made; return what could not be."""
        left = []
        for order in self.exchange.open_orders() if self.instruments else []:
            if order.link.startswith(self.link):
                self.end(order.link)
        if self.began_flat and self.sell_all("c"):
            left.append("a position was closed at the end")
        return left

    def close(self) -> None:
        """Drop the connections."""
        if self.listener is not None:
            self.listener.stop()
        self.more.close()
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
    except (Broken, ExchangeError) as e:
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
