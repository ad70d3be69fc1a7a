"""Promises beyond the adapter's daily needs: conditional orders, batches, paging, targets, the trade socket.

They go through the same session, that is the same signatures and the same reading of answers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from scripts.exchange_tools import Broken, Listener, until, wall_ms, window
from scripts.exchange_trade_socket import TradeSocket
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.environments import Addresses
from trading_core.exchanges.bybit.pacer import Pacer
from trading_core.exchanges.bybit.paging import rows_of
from trading_core.exchanges.port import Credentials, OrderRequest
from trading_core.execution.order import OPEN_STATES, OrderState, Side
from trading_core.market.instrument import Instrument
from trading_core.money import plain

Step = tuple[str, Callable[[], str]]
NEAR_BY = Decimal("0.9")
FAR_ABOVE = Decimal("1.1")
TRAIL = Decimal("0.05")
PAGED = 3
SWEEPS_MAX = 3


class Run(Protocol):
    """What the run offers its further steps."""

    addresses: Addresses
    credentials: Credentials
    symbol: str
    link: str
    lots: int
    ticks: int
    instruments: dict[str, Instrument]
    exchange: BybitExchange
    pacer: Pacer

    def told(self) -> Listener:
        """Return the private stream."""

    def is_told(self, link: str, *states: OrderState) -> str:
        """Wait for the stream to tell of an order."""

    def listen(self) -> str:
        """Connect the private stream anew."""

    def held(self) -> int:
        """Return the lots held."""

    def send(self, order: OrderRequest) -> None:
        """Place an order."""

    def end(self, link: str) -> None:
        """Cancel an order."""

    def request(self, *, link: str, ticks: int | None, side: Side = ..., lots: int = ...) -> OrderRequest:
        """Return an order."""


@dataclass
class FurtherSteps:
    """The further steps of one run."""

    run: Run

    def __post_init__(self) -> None:
        run = self.run
        self.session = BybitSession(
            endpoint=run.addresses.rest, credentials=run.credentials, wall_ms=wall_ms, pacer=run.pacer
        )

    def orders(self) -> list[Step]:
        """Promises about orders that rest."""
        return [
            ("a conditional order waits", self.place_conditional),
            ("its trigger is amended, it is cancelled", self.end_conditional),
            ("a batch: each order has its code", self.place_batch),
            ("the stream tells of each", self.batch_is_told),
            ("pages hold every order once", self.read_pages),
            ("a batch is amended and cancelled", self.end_batch),
        ]

    def positions(self) -> list[Step]:
        """Promises about a position that is held."""
        return [
            ("a target by trading-stop", self.set_target),
            ("a trailing stop, set and cleared", self.trail),
            ("a part is closed, reduce-only", self.close_part),
            ("an order beyond the best ask", self.sweep),
            ("executions: stream and list agree", self.compare_executions),
        ]

    def streams(self) -> list[Step]:
        """Promises about the sockets."""
        return [
            ("what a gap hid is found by REST", self.miss_a_cancel),
            ("the new stream tells again", self.hear_again),
            ("an order by the trade socket", self.trade_by_socket),
        ]

    def close(self) -> None:
        """Drop the connections."""
        self.session.close()

    # --- orders that rest -----------------------------------------------------------------------

    def place_conditional(self) -> str:
        """Place a market order that waits for a price far above."""
        trigger = self.price(int(self.run.ticks * FAR_ABOVE))
        with self.session.signed(window()):
            self.session.place_order(
                category="linear", symbol=self.run.symbol, side="Buy", orderType="Market", qty=self.qty(),
                orderLinkId=self.name("cond"), triggerPrice=trigger, triggerDirection=1, positionIdx=0,
                triggerBy="LastPrice",
            )  # fmt: skip
        row = self.order_row("cond")
        if (row["orderStatus"], row["stopOrderType"]) != ("Untriggered", "Stop"):
            raise Broken(f"expected Untriggered and Stop, was {row['orderStatus']}, {row['stopOrderType']}")
        return f"{row['orderStatus']} at {row['triggerPrice']}; {self.run.is_told(self.name('cond'), *OPEN_STATES)}"

    def end_conditional(self) -> str:
        """Move the trigger, then cancel."""
        trigger = Decimal(self.price(int(self.run.ticks * FAR_ABOVE) + 1))
        fields = {"category": "linear", "symbol": self.run.symbol, "orderLinkId": self.name("cond")}
        with self.session.signed(window()):
            self.session.amend_order(**fields, triggerPrice=trigger)
        until(lambda: Decimal(self.order_row("cond")["triggerPrice"]) == trigger, "the new trigger")
        with self.session.signed(window()):
            self.session.cancel_order(**fields)
        return self.run.is_told(self.name("cond"), OrderState.CANCELLED)

    def place_batch(self) -> str:
        """Place some orders that rest and one that can't: the outer code says nothing of them."""
        orders: list[dict[str, Any]] = [self.far_order(f"p{number}") for number in range(PAGED)]
        orders.append(self.far_order("bad") | {"price": "0"})
        codes = self.batch(self.session.place_batch_order, orders)
        if codes[:PAGED] != [0] * PAGED or codes[PAGED] == 0:
            raise Broken(f"expected {PAGED} accepted orders and a refused one, the codes were {codes}")
        return f"codes {codes}"

    def batch_is_told(self) -> str:
        """Wait for each order of the batch."""
        for number in range(PAGED):
            self.run.is_told(self.name(f"p{number}"), *OPEN_STATES)
        return f"{PAGED} orders"

    def read_pages(self) -> str:
        """Read the open orders one by one."""
        with self.session.turn():
            ask = self.session.get_open_orders
            rows = list(rows_of(ask, category="linear", symbol=self.run.symbol, limit=1))
        links = [row["orderLinkId"] for row in rows]
        missing = [n for n in range(PAGED) if links.count(self.name(f"p{n}")) != 1]
        if missing:
            raise Broken(f"orders {missing} are not in the pages exactly once")
        return f"{len(rows)} pages"

    def end_batch(self) -> str:
        """Amend the batch's prices and cancel it."""
        price = self.price(int(self.run.ticks * NEAR_BY) - 1)
        which = [{"symbol": self.run.symbol, "orderLinkId": self.name(f"p{n}")} for n in range(PAGED)]
        amended = self.batch(self.session.amend_batch_order, [order | {"price": price} for order in which])
        cancelled = self.batch(self.session.cancel_batch_order, which)
        if amended + cancelled != [0] * 2 * PAGED:
            raise Broken(f"the codes were {amended}, then {cancelled}")
        for number in range(PAGED):
            self.run.is_told(self.name(f"p{number}"), OrderState.CANCELLED)
        return f"codes {amended}, {cancelled}; told"

    # --- a position -----------------------------------------------------------------------------

    def set_target(self) -> str:
        """Set a take-profit on the position."""
        target = self.price(int(self.run.ticks * FAR_ABOVE))
        self.trading_stop(takeProfit=target)
        until(lambda: Decimal(self.position_row()["takeProfit"] or 0) == Decimal(target), "the target")
        return f"take-profit {target}"

    def trail(self) -> str:
        """Set a trailing stop and clear it."""
        distance = self.price(max(1, int(self.run.ticks * TRAIL)))
        self.trading_stop(trailingStop=distance)
        until(
            lambda: Decimal(self.position_row()["trailingStop"] or 0) == Decimal(distance),
            "the trailing stop",
        )
        self.trading_stop(trailingStop="0")
        until(lambda: not Decimal(self.position_row()["trailingStop"] or 0), "no trailing stop")
        return f"{distance} away, cleared"

    def close_part(self) -> str:
        """Sell half of the position."""
        before = self.run.held()
        order = self.run.request(link=self.name("half"), ticks=None, side=Side.SELL)
        self.run.send(order)
        until(lambda: self.run.held() == before - self.run.lots, "the smaller position")
        return f"{before} lots, then {self.run.held()}"

    def sweep(self) -> str:
        """Ask for more than the best ask offers, at its price, until an order is filled in part.

        No more than an eighth of the wallet is spent on each: a larger offer fills it whole.
        """
        for number in range(SWEEPS_MAX):
            words, is_partial = self.swept(f"sweep{number}")
            self.sweeps = number + 1
            if is_partial:
                return words
        return f"{words}; no order was filled in part in {SWEEPS_MAX} tries"

    def swept(self, suffix: str) -> tuple[str, bool]:
        """Make one such order; return what became of it, and whether it was filled in part."""
        instrument = self.run.instruments[self.run.symbol]
        with self.session.turn():
            book = self.session.get_orderbook(category="linear", symbol=self.run.symbol, limit=1)
        price, size = book["result"]["a"][0]
        offered = instrument.exact_lots(Decimal(size))
        spent = self.run.exchange.wallet().balance // 8
        affordable = instrument.lots_for(spent, instrument.exact_ticks(Decimal(price)))
        wanted = max(self.run.lots, min(offered + instrument.min_lots, affordable))
        fields = self.far_order(suffix) | {"price": price, "timeInForce": "IOC"}
        fields["qty"] = plain(instrument.qty(wanted))
        with self.session.signed(window()):
            self.session.place_order(category="linear", **fields)
        until(lambda: self.order_row(suffix)["orderStatus"] in ("Filled", "Cancelled"), "the end")
        row = self.order_row(suffix)
        filled = instrument.exact_lots(Decimal(row["cumExecQty"]))
        listener, name = self.run.told(), self.name(suffix)
        until(lambda: sum(listener.filled(name).values()) == filled, "its executions on the stream")
        words = f"{row['orderStatus']}, {filled} of {wanted} lots filled, {offered} were offered"
        return words, 0 < filled < wanted

    def compare_executions(self) -> str:
        """Compare what the stream told with what the list says."""
        listener, count = self.run.told(), 0
        for suffix in ("b", "half", *(f"sweep{number}" for number in range(self.sweeps))):
            name = self.name(suffix)
            found = self.run.exchange.executions_of(symbol=self.run.symbol, link=name)
            listed = {news.exec_id: news.lots for news in found}
            until(lambda name=name, listed=listed: listener.filled(name) == listed, f"executions of {name}")  # type: ignore[misc]
            count += len(listed)
        return f"{count} executions"

    # --- sockets --------------------------------------------------------------------------------

    def miss_a_cancel(self) -> str:
        """Cancel an order while nobody listens; afterwards a list tells what became of it."""
        self.run.send(self.run.request(link=self.name("gap"), ticks=int(self.run.ticks * NEAR_BY)))
        self.run.told().stop()
        self.run.end(self.name("gap"))
        self.run.listen()
        if self.run.told().told(self.name("gap"), *OrderState):
            return "the new stream tells of what it missed"
        until(lambda: self.state_of("gap") is OrderState.CANCELLED, "the cancelled order")
        return "the new stream is silent about it, the lookup says cancelled"

    def hear_again(self) -> str:
        """Place and cancel an order the new stream tells of."""
        self.run.send(self.run.request(link=self.name("new"), ticks=int(self.run.ticks * NEAR_BY)))
        self.run.is_told(self.name("new"), *OPEN_STATES)
        self.run.end(self.name("new"))
        return self.run.is_told(self.name("new"), OrderState.CANCELLED)

    def trade_by_socket(self) -> str:
        """Place and cancel an order by WebSocket, where the environment has one."""
        if not self.run.addresses.trade_stream:
            return "this environment takes no orders by socket"
        socket = TradeSocket(self.run.addresses.trade_stream, self.run.credentials)
        which = {"category": "linear", "symbol": self.run.symbol, "orderLinkId": self.name("ws")}
        codes = socket.ask([
            ("order.create", {"category": "linear", **self.far_order("ws")}),
            ("order.cancel", which),
        ])  # fmt: skip
        if codes != [0, 0]:
            raise Broken(f"the codes were {codes}")
        return f"codes {codes}; {self.run.is_told(self.name('ws'), OrderState.CANCELLED)}"

    # --- common ---------------------------------------------------------------------------------

    def name(self, suffix: str) -> str:
        """Return the link of one order of this run."""
        return f"{self.run.link}-{suffix}"

    def price(self, ticks: int) -> str:
        """Return a price as it is sent."""
        return plain(self.run.instruments[self.run.symbol].price(ticks))

    def qty(self) -> str:
        """Return the smallest quantity as it is sent."""
        return plain(self.run.instruments[self.run.symbol].qty(self.run.lots))

    def far_order(self, suffix: str) -> dict[str, Any]:
        """Return a buy so far below the market that it rests."""
        return {
            "symbol": self.run.symbol, "side": "Buy", "orderType": "Limit", "qty": self.qty(),
            "price": self.price(int(self.run.ticks * NEAR_BY)), "timeInForce": "GTC", "positionIdx": 0,
            "orderLinkId": self.name(suffix),
        }  # fmt: skip

    def batch(self, send: Callable[..., dict[str, Any]], orders: list[dict[str, Any]]) -> list[int]:
        """Make a batch request; return the code of each order."""
        with self.session.signed(window()):
            answer = send(category="linear", request=orders)
        return [row["code"] for row in answer["retExtInfo"]["list"]]

    def trading_stop(self, **fields: str) -> None:
        """Change what guards the position."""
        with self.session.signed(window()):
            self.session.set_trading_stop(
                category="linear", symbol=self.run.symbol, positionIdx=0, tpslMode="Full", **fields
            )

    def order_row(self, suffix: str) -> dict[str, Any]:
        """Return an order as the exchange tells it."""
        with self.session.turn():
            answer = self.session.get_open_orders(
                category="linear", symbol=self.run.symbol, orderLinkId=self.name(suffix)
            )
        rows: list[dict[str, Any]] = answer["result"]["list"]
        if not rows:
            raise Broken(f"{self.name(suffix)} is not found")
        return rows[0]

    def position_row(self) -> dict[str, Any]:
        """Return the position as the exchange tells it."""
        with self.session.turn():
            answer = self.session.get_positions(category="linear", symbol=self.run.symbol)
        row: dict[str, Any] = answer["result"]["list"][0]
        return row

    def state_of(self, suffix: str) -> OrderState | None:
        """Return the state of an order by lookup."""
        found = self.run.exchange.order(symbol=self.run.symbol, link=self.name(suffix))
        return None if found is None else found.state
