"""What the exchange checks before it accepts a command; refusals change nothing."""

from __future__ import annotations

from trading_core.execution.margin import opening_lots
from trading_core.execution.order import Side
from trading_core.market.tiers import limit_at, tier_of
from trading_core.money import PPM
from trading_core.simulator.book import Book
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import SimOrder, StandingOrder, TriggerBy
from trading_core.simulator.price_limits import check_price
from trading_core.simulator.refusals import Refusal, SimRefused

MAX_ORDERS = 500
"""Orders of a symbol in the market; those that wait for a trigger have limits of their own (Bybit)."""


def check_admission(ledger: Ledger, book: Book, order: SimOrder) -> None:
    """Refuse a client id that was used before, and the order that would be one too many."""
    if order.link and order.link in ledger.links:
        raise SimRefused(Refusal.DUPLICATE_LINK)
    if (
        order.trigger_ticks is None
        and len(book.orders) >= MAX_ORDERS
        and sum(standing.rests for standing in book.orders.values()) >= MAX_ORDERS
    ):
        raise SimRefused(Refusal.TOO_MANY_ORDERS)


def check_order(ledger: Ledger, book: Book, order: SimOrder) -> int:
    """Return the lots that may be placed (reduce-only is cut to the position); raise SimRefused."""
    check_admission(ledger, book, order)
    market = ledger.price(book)
    lots = reducible(book, order.side, order.lots) if order.reduce_only else order.lots
    check_size(book, lots=order.lots, ticks=order.ticks)
    if order.ticks is not None:
        check_limit(ledger, book, order.side, order.ticks)
    reference = market if order.ticks is None else order.ticks
    check_value(book, lots=lots, ticks=reference, reduce_only=order.reduce_only)
    if order.stop_ticks is not None:
        check_order_stop(book, order, reference)
    if order.target_ticks is not None:
        check_order_target(book, order, reference)
    check_margin(ledger, book, order.side, lots=lots, ticks=reference, reduce_only=order.reduce_only)
    return lots


def reducible(book: Book, side: Side, lots: int) -> int:
    """Lots of a reduce-only order that the position can give."""
    if side.sign * book.position.lots >= 0:
        raise SimRefused(Refusal.REDUCE_ONLY)
    return min(lots, abs(book.position.lots))


def check_size(book: Book, *, lots: int, ticks: int | None) -> None:
    """Refuse quantities and prices outside the instrument's bounds."""
    instrument = book.instrument
    if lots < instrument.min_lots:
        raise SimRefused(Refusal.PARAMETER, "The number of contracts is less than the minimum allowed")
    if lots > (instrument.max_market_lots if ticks is None else instrument.max_lots):
        raise SimRefused(Refusal.PARAMETER, "The number of contracts exceeds maximum limit allowed")
    if ticks is not None and ticks <= 0:
        raise SimRefused(Refusal.PARAMETER, "params error: price invalid")


def check_limit(ledger: Ledger, book: Book, side: Side, ticks: int) -> None:
    """Refuse a price too far beyond the market, as mark and index price stand."""
    index = ledger.watched(book, TriggerBy.INDEX)
    check_price(ledger, book.instrument, side, ticks, mark=ledger.mark(book), index=index)


def check_value(book: Book, *, lots: int, ticks: int, reduce_only: bool) -> None:
    """Refuse orders worth less than the minimum; those that only close may be worth anything."""
    if not reduce_only and book.instrument.notional_ceil(ticks * lots) < book.instrument.min_notional:
        raise SimRefused(Refusal.TOO_SMALL)


def check_order_stop(book: Book, order: SimOrder, reference: int) -> None:
    """Refuse an attached stop that isn't on the losing side of the order's price."""
    stop = order.stop_ticks
    assert stop is not None
    if order.reduce_only:
        raise SimRefused(Refusal.PARAMETER, "params error: reduce-only orders can't carry stopLoss")
    check_stop(book, order.side, stop, reference)


def check_order_target(book: Book, order: SimOrder, reference: int) -> None:
    """Refuse an attached target that isn't on the winning side of the order's price."""
    assert order.target_ticks is not None
    if order.reduce_only:
        raise SimRefused(Refusal.PARAMETER, "params error: reduce-only orders can't carry takeProfit")
    check_target(book, order.side, order.target_ticks, reference)


def check_target(book: Book, side: Side, target: int, reference: int, by: TriggerBy = TriggerBy.LAST) -> None:
    """Refuse a target on the wrong side of the price (Bybit prints prices times 10⁸)."""
    if target > 0 and side.sign * (target - reference) > 0:
        return
    size = book.instrument.tick_size
    told, base = (int(size * ticks * 10**8) for ticks in (target, reference))
    word = "higher" if side is Side.BUY else "lower"
    raise SimRefused(
        Refusal.PARAMETER,
        f"TakeProfit:{told} set for {side} position should be {word} than base_price:{base}??{by}",
    )


def check_stop(book: Book, side: Side, stop: int, reference: int, by: TriggerBy = TriggerBy.LAST) -> None:
    """Refuse a stop on the wrong side of the price (Bybit prints prices times 10⁸)."""
    if stop > 0 and side.sign * (reference - stop) > 0:
        return
    size = book.instrument.tick_size
    told, base = (int(size * ticks * 10**8) for ticks in (stop, reference))
    word = "lower" if side is Side.BUY else "higher"
    raise SimRefused(
        Refusal.PARAMETER,
        f"StopLoss:{told} set for {side.value} position should {word} than base_price:{base}??{by}",
    )


def check_margin(ledger: Ledger, book: Book, side: Side, *, lots: int, ticks: int, reduce_only: bool) -> None:
    """Refuse what the account can't afford, or the risk limit forbids, of what would be opened."""
    opening = 0 if reduce_only else opening_lots(lots=lots, sign=side.sign, position=book.position)
    if not opening:
        return
    value = ledger.exposure(book, sign=side.sign) + book.instrument.notional_ceil(opening * ticks)
    check_risk_limit(book, value)
    needed = ledger.margin_of(book, sign=side.sign, lots=lots, ticks=ticks, reduce_only=False)
    if needed > ledger.available():
        raise SimRefused(Refusal.NO_BALANCE)


def check_risk_limit(book: Book, value: int) -> None:
    """Refuse a position and orders of one direction worth more than the leverage allows, money units."""
    tiers = book.instrument.tiers
    if value > tiers[-1].limit:
        raise SimRefused(Refusal.ABOVE_TOP_TIER)
    if value > limit_at(tiers, book.leverage_ppm):
        allowed = f"{tier_of(tiers, value).leverage_ppm / PPM:g}"
        raise SimRefused(
            Refusal.ABOVE_RISK_LIMIT,
            f"Order placement failed as your position may exceed the max limit. Please adjust your leverage"
            f" to {allowed} or below to increase the max limit.",
        )


def check_leverage(ledger: Ledger, book: Book, leverage_ppm: int) -> None:
    """Refuse leverage above the tier of position and orders, or equal to what it is (Bybit prints it x100)."""
    if leverage_ppm < PPM:
        raise SimRefused(Refusal.PARAMETER, "params error: leverage is below 1")
    value = max(ledger.exposure(book, sign=sign) for sign in (1, -1))
    highest = tier_of(book.instrument.tiers, value).leverage_ppm
    if leverage_ppm > highest:
        asked, allowed = leverage_ppm // 10_000, highest // 10_000
        raise SimRefused(
            Refusal.LEVERAGE_TOO_HIGH,
            f"cannot set leverage [{asked}] gt maxLeverage [{allowed}] by risk limit",
        )
    if leverage_ppm == book.leverage_ppm:
        raise SimRefused(Refusal.LEVERAGE_UNCHANGED)


def check_amendment(ledger: Ledger, book: Book, order: StandingOrder, *, lots: int, ticks: int) -> int:
    """Return the whole quantity an amended order may have; raise SimRefused."""
    if (lots, ticks) == (order.lots, order.ticks):
        raise SimRefused(Refusal.PARAMETER, "The order remains unchanged as the parameters entered match")
    if lots <= order.filled:
        raise SimRefused(Refusal.PARAMETER, "params error: qty is not above the executed quantity")
    check_size(book, lots=lots, ticks=ticks)
    if ticks != order.ticks:
        check_limit(ledger, book, order.side, ticks)
    if order.reduce_only:
        lots = order.filled + reducible(book, order.side, lots - order.filled)
    check_value(book, lots=lots, ticks=ticks, reduce_only=order.reduce_only)
    rest = book.orders.pop(order.number)
    try:
        check_margin(
            ledger, book, order.side, lots=lots - order.filled, ticks=ticks, reduce_only=order.reduce_only
        )
    finally:
        book.orders[order.number] = rest
    return lots
