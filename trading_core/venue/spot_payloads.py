"""Spot orders and executions as Bybit writes them: a contract's rows with what differs on the spot market."""

from __future__ import annotations

from trading_core.execution.order import Side
from trading_core.simulator.events import Executed
from trading_core.simulator.orders import StandingOrder
from trading_core.simulator.spot.orders import SpotExecuted, SpotOrder
from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.ids import exec_id, order_id
from trading_core.venue.payloads import (
    Payload,
    coins,
    execution_payload,
    fast_execution_payload,
    order_payload,
    price_text,
    rate_text,
)


def category_of(order: StandingOrder) -> str:
    """The category an order belongs to."""
    return "spot" if isinstance(order, SpotOrder) else "linear"


def executed_in(event: Executed) -> str:
    """The category an execution belongs to."""
    return "spot" if isinstance(event, SpotExecuted) else "linear"


def told_order(account: VenueAccount, order: StandingOrder) -> Payload:
    """An order of either category as ``order/realtime`` and the order topic tell it."""
    if not isinstance(order, SpotOrder):
        return order_payload(account, order)
    pair = account.desk.instruments[order.symbol]
    row = order_payload(account, order, pair)
    del row["tpslMode"]  # clients take a row that has it for a contract's
    coin = pair.base_coin if order.side is Side.BUY else pair.settle_coin
    return row | {
        "category": "spot", "qty": plain_coins(order.amount) if order.in_quote else row["qty"],
        "isLeverage": "0", "marketUnit": _unit(order), "feeCurrency": coin, "closedPnl": "0",
        "cumFeeDetail": {coin: coins(order.fee)} if order.filled else {},
    }  # fmt: skip


def told_execution(account: VenueAccount, event: Executed, *, pushed: bool) -> Payload:
    """An execution of either category as ``execution/list`` and the execution topic tell it."""
    if not isinstance(event, SpotExecuted):
        return execution_payload(account, event, pushed=pushed)
    pair, order = account.desk.instruments[event.symbol], event.order
    assert isinstance(order, SpotOrder)
    row = execution_payload(account, event, pushed=pushed, instrument=pair)
    return row | {
        "category": "spot", "orderQty": plain_coins(order.amount) if order.in_quote else row["orderQty"],
        "feeCurrency": event.fee_coin, "marketUnit": _unit(order), "closedSize": "", "execPnl": "",
        "markPrice": "",
    }  # fmt: skip


def told_fast_execution(account: VenueAccount, event: Executed) -> Payload:
    """An execution of either category as the topic ``execution.fast`` tells it."""
    pair = account.desk.instruments[event.symbol] if isinstance(event, SpotExecuted) else None
    row = fast_execution_payload(account, event, instrument=pair)
    return row | {"category": executed_in(event)}


def spot_transactions(account: VenueAccount, booked: Booked) -> list[Payload]:
    """The two lines of the transaction log that a spot trade makes, one for each coin, newest first."""
    event = booked.executed
    assert isinstance(event, SpotExecuted)
    pair, order = account.desk.instruments[event.symbol], event.order
    assert order is not None
    sign = event.side.sign
    base = sign * int(pair.qty(event.lots) * 10**8)
    value = (
        pair.notional_ceil(event.ticks * event.lots)
        if sign > 0
        else pair.notional_floor(event.ticks * event.lots)
    )
    common = {
        "symbol": event.symbol, "category": "spot", "side": event.side.value,
        "transactionTime": str(event.time_ms), "type": "TRADE", "transSubType": "",
        "qty": f"{pair.qty(event.lots):f}", "size": "0", "tradePrice": price_text(pair, event.ticks),
        "funding": "", "feeRate": rate_text(event.rate_e8), "bonusChange": "",
        "tradeId": exec_id(account.uid, event.sequence), "orderId": order_id(account.uid, order.number),
        "orderLinkId": order.link, "extraFees": "",
    }  # fmt: skip
    lines = ((pair.base_coin, base, booked.size), (pair.settle_coin, -sign * value, booked.wallet))
    return [
        {
            "id": f"{account.uid}_{event.symbol}_{event.sequence}_{coin}", **common, "currency": coin,
            "fee": coins(fee), "cashFlow": coins(flow), "change": coins(flow - fee), "cashBalance": coins(left),
        }
        for coin, flow, left in lines
        for fee in [event.fee if coin == event.fee_coin else 0]
    ]  # fmt: skip


def _unit(order: SpotOrder) -> str:
    """What the quantity of a market order counts."""
    if order.ticks is not None:
        return ""
    return "quoteCoin" if order.in_quote else "baseCoin"


def plain_coins(units: int) -> str:
    """10⁻⁸ of a coin without needless zeros."""
    text = coins(units).rstrip("0")
    return text.rstrip(".") or "0"
