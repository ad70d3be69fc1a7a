"""Orders, executions, positions and wallets as Bybit writes them: numbers as strings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from trading_core.execution.position import Position
from trading_core.market.instrument import Instrument
from trading_core.money import amount
from trading_core.simulator.book import Book
from trading_core.simulator.events import Executed
from trading_core.simulator.margin import bankruptcy_ticks, maintenance_margin
from trading_core.simulator.orders import CancelReason, StandingOrder
from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.ids import exec_id, order_id

Payload = dict[str, Any]
_RISK_LIMIT = "2000000"
PPM = 10**6


def coins(units: int) -> str:
    """Money units in settle coin, 8 decimals."""
    return f"{amount(units):f}"


def _average(tick_lots: int, lots: int, instrument: Instrument) -> str:
    if not lots:
        return "0"
    average = (Decimal(tick_lots) / lots * instrument.tick_size).quantize(Decimal("1e-8"))
    text = f"{average:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _price(instrument: Instrument, ticks: int | None) -> str:
    return "0" if ticks is None else f"{instrument.price(ticks):f}"


def _rate(e8: int) -> str:
    text = f"{Decimal(e8).scaleb(-8):f}".rstrip("0")
    return text.rstrip(".") or "0"


def order_payload(account: VenueAccount, order: StandingOrder) -> Payload:
    """An order as ``order/realtime`` and the order topic tell it."""
    instrument = account.sim.ledger.book(order.symbol).instrument
    rejected = order.reason.value.startswith("EC_")
    cancelled = order.reason is not CancelReason.NONE and not rejected
    leaves = order.leaves if order.is_open else 0
    price = _price(instrument, order.ticks)
    fee = coins(order.fee)
    return {
        "category": "linear", "symbol": order.symbol, "orderId": order_id(account.uid, order.number),
        "orderLinkId": order.link, "blockTradeId": "", "side": order.side.value, "positionIdx": 0,
        "orderStatus": order.status.value, "cancelType": order.reason.value if cancelled else "UNKNOWN",
        "rejectReason": order.reason.value if rejected else "EC_NoError",
        "timeInForce": "IOC" if order.ticks is None else order.time_in_force.value,
        "isLeverage": "", "price": price, "qty": f"{instrument.qty(order.lots):f}",
        "avgPrice": _average(order.tick_lots, order.filled, instrument),
        "leavesQty": f"{instrument.qty(leaves):f}",
        "leavesValue": coins(instrument.notional_floor(leaves * (order.ticks or 0))),
        "cumExecQty": f"{instrument.qty(order.filled):f}",
        "cumExecValue": coins(instrument.notional_floor(order.tick_lots)),
        "cumExecFee": fee, "cumFeeDetail": {instrument.settle_coin: fee} if order.filled else {},
        "feeCurrency": instrument.settle_coin, "closedPnl": "0",
        "lastPriceOnCreated": _price(instrument, order.price_on_created), "orderIv": "",
        "orderType": "Market" if order.ticks is None else "Limit",
        "stopOrderType": order.stop_order_type, "createType": order.create_type,
        "triggerPrice": "", "triggerDirection": 0, "triggerBy": "",
        "takeProfit": "", "stopLoss": "" if order.stop_ticks is None else _price(instrument, order.stop_ticks),
        "tpslMode": "" if order.stop_ticks is None else "Full", "tpTriggerBy": "",
        "slTriggerBy": "" if order.stop_ticks is None else "LastPrice",
        "tpLimitPrice": "", "slLimitPrice": "", "ocoTriggerBy": "",
        "reduceOnly": order.reduce_only, "closeOnTrigger": order.close_on_trigger,
        "placeType": "", "smpType": "None", "smpGroup": 0, "smpOrderId": "",
        "slippageToleranceType": "UNKNOWN", "slippageTolerance": "", "extraFees": "",
        "rpiTakerAccess": False, "rpiMatchedQty": "0",
        "createdTime": str(order.created_ms), "updatedTime": str(order.updated_ms),
    }  # fmt: skip


def execution_payload(account: VenueAccount, event: Executed, *, pushed: bool) -> Payload:
    """An execution as ``execution/list`` (``pushed`` False) and the execution topic (True) tell it."""
    instrument = account.sim.ledger.book(event.symbol).instrument
    order = event.order
    price = _price(instrument, event.ticks)
    return {
        "category": "linear", "symbol": event.symbol, "execId": exec_id(account.uid, event.sequence),
        "orderId": "" if order is None else order_id(account.uid, order.number),
        "orderLinkId": "" if order is None else order.link,
        "side": event.side.value, "orderPrice": price if order is None else _price(instrument, order.ticks),
        "orderQty": f"{instrument.qty(event.lots if order is None else order.lots):f}",
        "leavesQty": f"{instrument.qty(0 if order is None else order.leaves):f}",
        "createType": "" if order is None else order.create_type,
        "orderType": "UNKNOWN" if order is None else "Market" if order.ticks is None else "Limit",
        "stopOrderType": event.stop_order_type or "UNKNOWN", "execFee": coins(event.fee),
        "execPrice": price, "execQty": f"{instrument.qty(event.lots):f}", "execType": event.exec_type,
        "execValue": coins(instrument.notional_floor(event.ticks * event.lots)),
        "execPnl": coins(event.gained), "execTime": str(event.time_ms), "isMaker": event.is_maker,
        "isLeverage": "0", "feeRate": _rate(event.rate_e8), "tradeIv": "", "markIv": "",
        "markPrice": price, "indexPrice": "", "underlyingPrice": "", "blockTradeId": "",
        "closedSize": f"{instrument.qty(event.closed_lots):f}", "seq": event.sequence,
        "marketUnit": "", "feeCurrency": instrument.settle_coin, "extraFees": [] if pushed else "",
    }  # fmt: skip


def position_payload(
    account: VenueAccount, symbol: str, position: Position, stop_ticks: int | None, *, seq: int, pushed: bool
) -> Payload:
    """A position as ``position/list`` (``pushed`` False) and the position topic (True) tell it."""
    ledger = account.sim.ledger
    book = ledger.book(symbol)
    instrument = book.instrument
    mark = ledger.price(book)
    flat = position.is_flat
    value = instrument.notional_floor(position.cost)
    margin = coins(ledger.position_margin(book))
    maintenance = coins(0 if flat else maintenance_margin(position.cost, instrument))
    average = _average(position.cost, abs(position.lots), instrument)
    liquidation = _price(instrument, book.liquidation()) if not flat else ("0" if pushed else "")
    bust = _price(instrument, bankruptcy_ticks(position, book.leverage_ppm)) if not flat else ""
    created = str(book.opened_ms)
    return {
        "category": "linear", "positionIdx": 0, "tradeMode": 1, "riskId": 1, "riskLimitValue": _RISK_LIMIT,
        "symbol": symbol, "side": "" if position.side is None else position.side.value,
        "size": f"{instrument.qty(abs(position.lots)):f}", ("entryPrice" if pushed else "avgPrice"): average,
        "leverage": leverage_text(book), "positionValue": coins(value), "positionBalance": margin,
        "breakEvenPrice": average, "markPrice": _price(instrument, mark), "positionIM": margin,
        "positionIMByMp": margin, "positionMM": maintenance, "positionMMByMp": maintenance,
        "takeProfit": "0", "stopLoss": _price(instrument, stop_ticks), "trailingStop": "0",
        "unrealisedPnl": coins(0 if flat else position.unrealised(mark, instrument)),
        "curRealisedPnl": coins(position.realised - position.fees),
        "cumRealisedPnl": coins(book.total_realised), "sessionAvgPrice": "0" if pushed else "",
        "createdTime": created, "updatedTime": str(book.updated_ms), "openTime": int(created),
        "tpslMode": "Full", "liqPrice": liquidation, "bustPrice": bust, "positionStatus": "Normal",
        "adlRankIndicator": 0 if flat else 2, "autoAddMargin": 0, "leverageSysUpdatedTime": "",
        ("mmrSysUpdatedTime" if pushed else "mmrSysUpdateTime"): "", "seq": seq, "isReduceOnly": False,
    }  # fmt: skip


def leverage_text(book: Book) -> str:
    """Leverage as a plain number."""
    return f"{(Decimal(book.leverage_ppm) / PPM).normalize():f}"


def wallet_payload(account: VenueAccount) -> Payload:
    """The unified wallet of an account that holds nothing but the settle coin."""
    sim, ledger = account.sim, account.sim.ledger
    books = [ledger.books[symbol] for symbol in sim.active]
    position_margin = sum(ledger.position_margin(book) for book in books)
    order_margin = sum(ledger.order_margin(book) for book in books)
    maintenance = sum(
        maintenance_margin(b.position.cost, b.instrument) for b in books if not b.position.is_flat
    )
    equity, wallet = coins(sim.equity), coins(sim.wallet)
    unrealised, initial = coins(sim.equity - sim.wallet), coins(position_margin + order_margin)
    coin = {
        "coin": "USDT", "equity": equity, "usdValue": equity, "walletBalance": wallet,
        "availableToWithdraw": "", "availableToBorrow": "", "borrowAmount": "0", "accruedInterest": "0",
        "totalOrderIM": coins(order_margin), "totalPositionIM": coins(position_margin),
        "totalPositionMM": coins(maintenance), "unrealisedPnl": unrealised,
        "cumRealisedPnl": coins(sim.wallet - account.deposit), "bonus": "0", "collateralSwitch": True,
        "marginCollateral": True, "locked": "0", "spotHedgingQty": "0", "spotBorrow": "0", "free": "",
    }  # fmt: skip
    return {
        "accountType": "UNIFIED", "accountLTV": "0", "accountIMRate": "0", "accountIMRateByMp": "0",
        "accountMMRate": "0", "accountMMRateByMp": "0", "totalEquity": equity,
        "totalWalletBalance": wallet, "totalMarginBalance": equity,
        "totalAvailableBalance": coins(max(0, sim.available)), "totalPerpUPL": unrealised,
        "totalInitialMargin": initial, "totalInitialMarginByMp": initial,
        "totalMaintenanceMargin": coins(maintenance), "totalMaintenanceMarginByMp": coins(maintenance),
        "coin": [coin],
    }  # fmt: skip


def transaction_payload(account: VenueAccount, booked: Booked) -> Payload:
    """A line of the transaction log."""
    event = booked.executed
    instrument = account.sim.ledger.book(event.symbol).instrument
    is_funding = event.exec_type == "Funding"
    order = event.order
    qty = f"{instrument.qty(event.lots):f}"
    return {
        "id": f"{account.uid}_{event.symbol}_{event.sequence}", "symbol": event.symbol,
        "category": "linear", "side": event.side.value, "transactionTime": str(event.time_ms),
        "type": "SETTLEMENT" if is_funding else "TRADE", "transSubType": "", "qty": qty,
        "size": f"{instrument.qty(booked.size):f}", "currency": instrument.settle_coin,
        "tradePrice": _price(instrument, event.ticks), "funding": coins(-event.fee) if is_funding else "",
        "fee": "0" if is_funding else coins(event.fee), "cashFlow": coins(event.gained),
        "change": coins(event.gained - event.fee), "cashBalance": coins(booked.wallet),
        "feeRate": _rate(event.rate_e8), "bonusChange": "", "tradeId": exec_id(account.uid, event.sequence),
        "orderId": "" if order is None else order_id(account.uid, order.number),
        "orderLinkId": "" if order is None else order.link, "extraFees": "",
    }  # fmt: skip
