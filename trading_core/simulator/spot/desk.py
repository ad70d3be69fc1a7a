"""Spot trading of an account: coins, resting orders, fills. It shares wallet and numbering with the contracts.

Money of the quote coin is the account's wallet; every other coin is held here in units of 10⁻⁸. What an open
order may need is frozen: the quote coin in ``Ledger.locked``, a base coin in ``frozen``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from trading_core.execution.order import Side, TimeInForce
from trading_core.market.instrument import Instrument
from trading_core.money import PPM, mul_div_ceil
from trading_core.simulator.events import Accepted, Amended, Cancelled, Event, WalletChanged
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.matching import crossing_price
from trading_core.simulator.orders import (
    CancelReason,
    SimOrder,
    Status,
)
from trading_core.simulator.spot.admission import base_units, check_amendment, check_arrival, lots_to_take
from trading_core.simulator.spot.orders import SpotExecuted, SpotOrder
from trading_core.simulator.spot.refusals import SpotRefusal, SpotRefused
from trading_core.simulator.walk import CandleTicks

FEE_PPM = 1_000
"""Bybit's spot fee without a VIP level, maker and taker alike."""
_E8_PER_PPM = 100


class SpotDesk:
    """The spot side of an account; every command changes nothing if it raises ``SpotRefused``."""

    def __init__(
        self,
        ledger: Ledger,
        instruments: Mapping[str, Instrument],
        coins: Mapping[str, int] | None = None,
    ) -> None:
        self.ledger = ledger
        self.instruments = instruments
        self.coins: dict[str, int] = dict(coins or {})
        """Base coins held, frozen ones among them, 10⁻⁸."""
        self.orders: dict[str, dict[int, SpotOrder]] = {}
        """Open orders by symbol, then by number."""

    # What it has

    def open_orders(self) -> list[SpotOrder]:
        """Open orders in order of arrival."""
        orders = (order for of_symbol in self.orders.values() for order in of_symbol.values())
        return sorted(orders, key=lambda order: order.arrival)

    def frozen(self, coin: str) -> int:
        """10⁻⁸ of a base coin that open sell orders hold back."""
        return sum(
            base_units(self.instruments[symbol], order.leaves)
            for symbol, orders in self.orders.items()
            if self.instruments[symbol].base_coin == coin
            for order in orders.values()
            if order.side is Side.SELL
        )

    def free(self, coin: str) -> int:
        """10⁻⁸ of a base coin that may be sold."""
        return self.coins.get(coin, 0) - self.frozen(coin)

    def instrument(self, symbol: str) -> Instrument:
        """The pair of a listed symbol."""
        return self.instruments[symbol]

    def price(self, symbol: str) -> int:
        """The price that stands, ticks."""
        return self.ledger.price(self.ledger.book(symbol))

    def _now_ms(self, symbol: str) -> int:
        return self.ledger.now_ms(self.ledger.book(symbol))

    # Commands

    def place(self, order: SimOrder, *, amount: int = 0) -> list[Event]:
        """Place an order; a market order may be for an ``amount`` of the quote coin instead of lots."""
        market = self.price(order.symbol)
        check_arrival(self, order, amount=amount, market=market)
        now_ms = self._now_ms(order.symbol)
        standing = SpotOrder(
            number=self.ledger.next_number(), symbol=order.symbol, link=order.link, side=order.side,
            lots=order.lots, ticks=order.ticks, reduce_only=False, time_in_force=order.time_in_force,
            stop_ticks=None, close_on_trigger=False, arrival=self.ledger.next_arrival(), created_ms=now_ms,
            updated_ms=now_ms, price_on_created=market, slippage_ticks=order.slippage_ticks,
            amount=amount, in_quote=amount > 0,
        )  # fmt: skip
        if order.link:
            self.ledger.links.add(order.link)
        events = self._arrive(standing, market)
        frozen = [] if events else [self._wallet(now_ms)]
        return [Accepted(standing), *events, *frozen]

    def _arrive(self, order: SpotOrder, market: int) -> list[Event]:
        """Match with the market as it stands; what is left of it rests or leaves."""
        taken_at = crossing_price(order, market, self.ledger)
        if taken_at is None:
            if order.ticks is None or order.time_in_force in (TimeInForce.IOC, TimeInForce.FOK):
                return [self._leave(order, CancelReason.NO_MATCH)]
            self._rest(order)
            return []
        if order.time_in_force is TimeInForce.POST_ONLY:
            return [self._leave(order, CancelReason.POST_ONLY)]
        lots = lots_to_take(self.instruments[order.symbol], order, taken_at)
        return self._fill(
            replace(order, lots=lots), taken_at, is_maker=False, now_ms=self._now_ms(order.symbol)
        )

    def amend(self, symbol: str, number: int, *, lots: int | None, ticks: int | None) -> list[Event]:
        """Change quantity or price of an open order; it queues anew."""
        order = self.find(symbol, number)
        changed = replace(
            order, lots=order.lots if lots is None else lots, ticks=order.ticks if ticks is None else ticks
        )  # fmt: skip
        market = self.price(symbol)
        check_amendment(self, order, changed, market=market)
        self._remove(order)
        amended = replace(
            changed, arrival=self.ledger.next_arrival(), updated_ms=self._now_ms(symbol)
        )  # fmt: skip
        return [Amended(amended), *self._arrive(amended, market), self._wallet(self._now_ms(symbol))]

    def cancel(self, symbol: str, number: int, reason: CancelReason = CancelReason.BY_USER) -> list[Event]:
        """Cancel an open order; SpotRefused(170213) if it is gone."""
        order = self.find(symbol, number)
        return [self._leave(order, reason), self._wallet(self._now_ms(symbol))]

    def find(self, symbol: str, number: int) -> SpotOrder:
        """An open order; raise SpotRefused(170213) if it is gone."""
        order = self.orders.get(symbol, {}).get(number)
        if order is None:
            raise SpotRefused(SpotRefusal.ORDER_GONE)
        return order

    # The market moves

    def can_fill(self, symbol: str, low: int, high: int) -> bool:
        """Whether a price in [low, high] would fill anything."""
        return any(_is_met(order, low, high) for order in self.orders.get(symbol, {}).values())

    def move(self, symbol: str, low: int, high: int, *, time_ms: int) -> list[Event]:
        """Fill what the market traded through on its way over [low, high], in order of arrival."""
        met = [order for order in self.orders.get(symbol, {}).values() if _is_met(order, low, high)]
        return [event for order in met for event in self._fill_resting(order, time_ms)]

    def play(self, symbol: str, candle: CandleTicks, *, close_ms: int) -> list[Event]:
        """Fill what a whole candle traded through (mode candles)."""
        return self.move(symbol, candle.low, candle.high, time_ms=close_ms)

    def _fill_resting(self, order: SpotOrder, time_ms: int) -> list[Event]:
        assert order.ticks is not None  # market orders never rest
        return self._fill(order, order.ticks, is_maker=True, now_ms=time_ms)

    def _fill(self, order: SpotOrder, ticks: int, *, is_maker: bool, now_ms: int) -> list[Event]:
        instrument = self.instruments[order.symbol]
        lots = order.leaves
        base = base_units(instrument, lots)
        held = self.coins.get(instrument.base_coin, 0)
        if order.side is Side.BUY:
            fee, fee_coin = mul_div_ceil(base, FEE_PPM, PPM), instrument.base_coin
            self.ledger.wallet -= instrument.notional_ceil(ticks * lots)
            held += base - fee
        else:
            value = instrument.notional_floor(ticks * lots)
            fee, fee_coin = mul_div_ceil(value, FEE_PPM, PPM), instrument.settle_coin
            self.ledger.wallet += value - fee
            held -= base
        self.coins[instrument.base_coin] = held
        filled = replace(
            order, filled=order.filled + lots, tick_lots=order.tick_lots + ticks * lots, fee=order.fee + fee,
            status=Status.FILLED, updated_ms=now_ms,
        )  # fmt: skip
        self._remove(order)
        executed = SpotExecuted(
            sequence=self.ledger.next_sequence(), exec_type="Trade", order=filled, symbol=order.symbol,
            side=order.side, ticks=ticks, lots=lots, fee=fee, rate_e8=FEE_PPM * _E8_PER_PPM,
            is_maker=is_maker, stop_order_type="", closed_lots=0, gained=0, time_ms=now_ms,
            fee_coin=fee_coin, base_left=held,
        )  # fmt: skip
        return [executed, self._wallet(now_ms)]

    def _wallet(self, now_ms: int) -> WalletChanged:
        return WalletChanged(self.ledger.wallet, now_ms)

    def _rest(self, order: SpotOrder) -> None:
        self.orders.setdefault(order.symbol, {})[order.number] = order
        self._freeze()

    def _remove(self, order: SpotOrder) -> None:
        standing = self.orders.get(order.symbol, {})
        standing.pop(order.number, None)
        if not standing:
            self.orders.pop(order.symbol, None)
        self._freeze()

    def _freeze(self) -> None:
        """Bring the frozen quote coin up to date."""
        self.ledger.locked = sum(
            self.instruments[order.symbol].notional_ceil(order.leaves * (order.ticks or 0))
            for orders in self.orders.values()
            for order in orders.values()
            if order.side is Side.BUY
        )

    def _leave(self, order: SpotOrder, reason: CancelReason) -> Cancelled:
        self._remove(order)
        now_ms = self._now_ms(order.symbol)
        return Cancelled(replace(order, status=Status.CANCELLED, reason=reason, updated_ms=now_ms))

    # Sleep and wake

    def as_record(self) -> dict[str, Any]:
        """Plain values of coins and open orders."""
        return {"coins": self.coins, "orders": [order.as_record() for order in self.open_orders()]}

    def wake(self, record: Mapping[str, Any]) -> None:
        """Take over what ``as_record`` wrote."""
        self.coins = dict(record["coins"])
        for kept in record["orders"]:
            self._rest(SpotOrder.from_record(kept))

    def balances(self) -> Iterator[tuple[str, int, int]]:
        """(coin, held, frozen) of every base coin, 10⁻⁸."""
        for coin, held in sorted(self.coins.items()):
            if held:
                yield coin, held, self.frozen(coin)


def _is_met(order: SpotOrder, low: int, high: int) -> bool:
    """Whether the market traded through the order by a tick: a touch is not a fill."""
    assert order.ticks is not None
    return low < order.ticks if order.side is Side.BUY else high > order.ticks
