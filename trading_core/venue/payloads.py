"""Orders, executions and positions as Bybit writes them: numbers as strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from trading_core.execution.margin import bankruptcy_ticks, initial_margin, maintenance_margin
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import tier_of
from trading_core.money import MONEY_SCALE, PPM, amount, plain
from trading_core.simulator.book import Book, book_key
from trading_core.simulator.cross import cross_level
from trading_core.simulator.events import Executed, PositionChanged
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.orders import CancelReason, StandingOrder, Status
from trading_core.simulator.price_limits import price_limits
from trading_core.venue.account import VenueAccount
from trading_core.venue.ids import exec_id, order_id
from trading_core.venue.instruments import PRICE_BOUNDS

Payload = dict[str, Any]


def coins(units: int) -> str:
    """Money units in settle coin, 8 decimals; 27 of them tell of one fill."""
    whole, fraction = divmod(abs(units), MONEY_SCALE)
    return f"{'-' if units < 0 else ''}{whole}.{fraction:08d}"


def average_text(tick_lots: int, lots: int, instrument: Instrument) -> str:
    """An average price, at most 8 decimals."""
    if not lots:
        return "0"
    average = (Decimal(tick_lots) / lots * instrument.tick_size).quantize(Decimal("1e-8"))
    text = f"{average:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def price_text(instrument: Instrument, ticks: int | None) -> str:
    """A price on the grid; "0" for none."""
    return "0" if ticks is None else f"{instrument.price(ticks):f}"


def rate_text(e8: int) -> str:
    """A rate given in 10⁻⁸."""
    text = f"{Decimal(e8).scaleb(-8):f}".rstrip("0")
    return text.rstrip(".") or "0"


def _or_empty(instrument: Instrument, ticks: int | None) -> str:
    return "" if ticks is None else price_text(instrument, ticks)


def limit_ticks(instrument: Instrument, order: StandingOrder) -> int:
    """The limit price; Bybit turns a market order into a limit order at the end of what it may pay.

    That is the slippage tolerance behind the best price, else the price limit; 0 before a trigger.
    """
    if order.ticks is not None:
        return order.ticks
    if order.status in (Status.UNTRIGGERED, Status.DEACTIVATED):
        return 0
    last, sign = order.price_on_created, order.side.sign
    if order.slippage_ticks is not None:
        return max(1, last + sign * (1 + order.slippage_ticks))
    highest, lowest = price_limits(instrument, mark=last, index=last)
    return highest if sign > 0 else lowest


def _protection(instrument: Instrument, order: StandingOrder) -> Payload:
    """What an order tells of the stop and the target that it carries, or is."""
    carried, how = (order.stop_ticks, order.target_ticks) != (None, None), order.attached
    is_whole = order.stop_order_type in ("StopLoss", "TakeProfit", "TrailingStop")
    partial = how.partial if carried else order.is_partial
    return {
        "takeProfit": _or_empty(instrument, order.target_ticks),
        "stopLoss": _or_empty(instrument, order.stop_ticks),
        "tpslMode": "Partial" if partial else "Full" if carried or is_whole else "",
        "tpTriggerBy": "" if order.target_ticks is None else how.target_by.value,
        "slTriggerBy": "" if order.stop_ticks is None else how.stop_by.value,
        "tpLimitPrice": _or_empty(instrument, how.target_limit),
        "slLimitPrice": _or_empty(instrument, how.stop_limit),
    }


def order_payload(
    account: VenueAccount, order: StandingOrder, instrument: Instrument | None = None
) -> Payload:
    """An order as ``order/realtime`` and the order topic tell it; the contract's, unless another is given."""
    instrument = instrument or account.sim.ledger.book(order.symbol).instrument
    rejected = order.reason.value.startswith("EC_")
    cancelled = order.reason is not CancelReason.NONE and not rejected
    leaves = order.leaves if order.is_open else 0
    price = price_text(instrument, limit_ticks(instrument, order))
    fee = coins(order.fee)
    closed = account.closed.trades.get(order.number)
    return {
        "category": "linear", "symbol": order.symbol, "orderId": order_id(account.uid, order.number),
        "orderLinkId": order.link, "blockTradeId": "", "side": order.side.value, "positionIdx": order.index,
        "orderStatus": order.status.value, "cancelType": order.reason.value if cancelled else "UNKNOWN",
        "rejectReason": order.reason.value if rejected else "EC_NoError",
        "timeInForce": "IOC" if order.ticks is None else order.time_in_force.value,
        "isLeverage": "", "price": price, "qty": f"{instrument.qty(order.lots):f}",
        "avgPrice": average_text(order.tick_lots, order.filled, instrument),
        "leavesQty": f"{instrument.qty(leaves):f}",
        "leavesValue": coins(instrument.notional_floor(leaves * (order.ticks or 0))),
        "cumExecQty": f"{instrument.qty(order.filled):f}",
        "cumExecValue": coins(instrument.notional_floor(order.tick_lots)),
        "cumExecFee": fee, "cumFeeDetail": {instrument.settle_coin: fee} if order.filled else {},
        "feeCurrency": instrument.settle_coin, "closedPnl": "0" if closed is None else coins(closed.pnl),
        "lastPriceOnCreated": price_text(instrument, order.price_on_created), "orderIv": "",
        "orderType": "Market" if order.ticks is None else "Limit",
        "stopOrderType": order.stop_order_type, "createType": order.create_type,
        "triggerPrice": _or_empty(instrument, order.trigger_ticks),
        "triggerDirection": order.trigger_direction,
        "triggerBy": "" if order.trigger_ticks is None else order.trigger_by.value,
        **_protection(instrument, order), "ocoTriggerBy": "",
        "reduceOnly": order.reduce_only, "closeOnTrigger": order.close_on_trigger,
        "placeType": "", "smpType": "None", "smpGroup": 0, "smpOrderId": "",
        "slippageToleranceType": "UNKNOWN", "slippageTolerance": "", "extraFees": "",
        "rpiTakerAccess": False, "rpiMatchedQty": "0",
        "createdTime": str(order.created_ms), "updatedTime": str(order.updated_ms),
    }  # fmt: skip


def execution_payload(
    account: VenueAccount, event: Executed, *, pushed: bool, instrument: Instrument | None = None
) -> Payload:
    """An execution as ``execution/list`` (``pushed`` False) and the execution topic (True) tell it."""
    instrument = instrument or account.sim.ledger.book(event.symbol).instrument
    order = event.order
    price = price_text(instrument, event.ticks)
    mark = price_text(instrument, event.mark_ticks or event.ticks)
    asked = event.ticks if order is None else limit_ticks(instrument, order)
    return {
        "category": "linear", "symbol": event.symbol, "execId": exec_id(account.uid, event.sequence),
        "orderId": "" if order is None else order_id(account.uid, order.number),
        "orderLinkId": "" if order is None else order.link,
        "side": event.side.value, "orderPrice": price_text(instrument, asked),
        "orderQty": f"{instrument.qty(event.lots if order is None else order.lots):f}",
        "leavesQty": f"{instrument.qty(0 if order is None else order.leaves):f}",
        "createType": "" if order is None else order.create_type,
        "orderType": "UNKNOWN" if order is None else "Market" if order.ticks is None else "Limit",
        "stopOrderType": event.stop_order_type or "UNKNOWN", "execFee": coins(event.fee),
        "execPrice": price, "execQty": f"{instrument.qty(event.lots):f}", "execType": event.exec_type,
        "execValue": coins(instrument.notional_floor(event.ticks * event.lots)),
        "execPnl": coins(event.gained), "execTime": str(event.time_ms), "isMaker": event.is_maker,
        "isLeverage": "0", "feeRate": rate_text(event.rate_e8), "tradeIv": "", "markIv": "",
        "markPrice": mark, "indexPrice": "", "underlyingPrice": "", "blockTradeId": "",
        "closedSize": f"{instrument.qty(event.closed_lots):f}", "seq": event.sequence,
        "marketUnit": "", "feeCurrency": instrument.settle_coin, "extraFees": [] if pushed else "",
    }  # fmt: skip


def fast_execution_payload(
    account: VenueAccount, event: Executed, *, instrument: Instrument | None = None
) -> Payload:
    """An execution as the topic ``execution.fast`` tells it: a maker's link is never told."""
    instrument = instrument or account.sim.ledger.book(event.symbol).instrument
    order = event.order
    return {
        "category": "linear", "symbol": event.symbol, "execId": exec_id(account.uid, event.sequence),
        "execPrice": price_text(instrument, event.ticks), "execQty": f"{instrument.qty(event.lots):f}",
        "orderId": "" if order is None else order_id(account.uid, order.number),
        "orderLinkId": "" if order is None or event.is_maker else order.link,
        "isMaker": event.is_maker, "side": event.side.value, "execTime": str(event.time_ms),
        "seq": event.sequence,
    }  # fmt: skip


def position_payload(account: VenueAccount, event: PositionChanged, *, pushed: bool) -> Payload:
    """A position as ``position/list`` (``pushed`` False) and the position topic (True) tell it."""
    symbol, position = event.symbol, event.position
    ledger = account.sim.ledger
    book = ledger.book(book_key(symbol, event.index))
    instrument = book.instrument
    mark = ledger.mark(book)
    flat = position.is_flat
    at_mark = abs(position.lots) * mark
    balance, maintenance = ledger.position_margin(book), coins(ledger.maintenance(book))
    margin_by_mark = coins(initial_margin(at_mark, book.leverage_ppm, instrument))
    average = average_text(position.cost, abs(position.lots), instrument)
    bust = (
        ""
        if flat or ledger.is_cross
        else price_text(
            instrument, bankruptcy_ticks(position, book.leverage_ppm, instrument, added=book.added_margin)
        )
    )
    tier = tier_of(instrument.tiers, instrument.notional_ceil(at_mark if ledger.is_cross else position.cost))
    risk_limit = plain(amount(tier.limit))
    created = str(book.opened_ms)
    return {
        "category": "linear", "positionIdx": event.index, "tradeMode": int(not ledger.is_cross),
        "riskId": tier.number, "riskLimitValue": risk_limit,
        "symbol": symbol, "side": "" if position.side is None else position.side.value,
        "size": f"{instrument.qty(abs(position.lots)):f}", ("entryPrice" if pushed else "avgPrice"): average,
        "leverage": leverage_text(book), "positionValue": coins(instrument.notional_floor(at_mark)),
        "positionBalance": coins(balance),
        "breakEvenPrice": average, "markPrice": price_text(instrument, mark),
        "positionIM": coins(balance - book.added_margin),
        "positionIMByMp": margin_by_mark, "positionMM": maintenance,
        "positionMMByMp": coins(maintenance_margin(at_mark, instrument)),
        "takeProfit": price_text(instrument, event.target_ticks),
        "stopLoss": price_text(instrument, event.stop_ticks),
        "trailingStop": price_text(instrument, event.trailing_ticks),
        "unrealisedPnl": coins(0 if flat else position.unrealised(mark, instrument)),
        "curRealisedPnl": coins(position.realised - position.fees),
        "cumRealisedPnl": coins(book.total_realised), "sessionAvgPrice": "0" if pushed else "",
        "createdTime": created, "updatedTime": str(book.updated_ms), "openTime": int(created),
        "tpslMode": "Full", "liqPrice": _liquidation_text(ledger, book) or ("0" if pushed else ""),
        "bustPrice": bust, "positionStatus": "Normal",
        "adlRankIndicator": 0 if flat else 2, "autoAddMargin": int(book.auto_margin), "leverageSysUpdatedTime": "",
        ("mmrSysUpdatedTime" if pushed else "mmrSysUpdateTime"): "", "seq": event.sequence, "isReduceOnly": False,
    }  # fmt: skip


def _liquidation_text(ledger: Ledger, book: Book) -> str:
    """Where the position is taken over, with cross margin an estimate; empty if no price would do it."""
    level = cross_level(ledger, book) if ledger.is_cross else book.liquidation()
    lowest, highest = PRICE_BOUNDS
    return "" if level is None or not lowest < level < highest else price_text(book.instrument, level)


def leverage_text(book: Book) -> str:
    """Leverage as a plain number."""
    return f"{(Decimal(book.leverage_ppm) / PPM).normalize():f}"
