"""Wallet, transaction log and closed profits as Bybit writes them: numbers as strings."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from trading_core.money import PPM, amount, plain
from trading_core.simulator.ledger import Ledger
from trading_core.simulator.spot.admission import base_units
from trading_core.venue.account import Booked, VenueAccount
from trading_core.venue.closed import ClosedTrade
from trading_core.venue.ids import exec_id, order_id
from trading_core.venue.payloads import Payload, average_text, coins, limit_ticks, price_text, rate_text


def wallet_payload(account: VenueAccount) -> Payload:
    """The unified wallet: the settle coin, and what was bought on the spot market, which is no collateral."""
    sim, ledger = account.sim, account.sim.ledger
    books = [ledger.books[key] for key in sim.active]
    position_margin = sum(ledger.position_margin(book) for book in books)
    order_margin = sum(ledger.order_margin(book) for book in books)
    maintenance = sum(ledger.maintenance(book) for book in books)
    held = list(spot_coins(account))
    worth = sum(value for _, value in held)
    units = sim.equity
    equity, wallet = coins(units), coins(sim.wallet)
    unrealised, initial = coins(units - sim.wallet), coins(position_margin + order_margin)
    initial_rate = _account_rate(ledger, position_margin + order_margin)
    maintenance_rate = _account_rate(ledger, maintenance)
    coin = {
        "coin": "USDT", "equity": equity, "usdValue": equity, "walletBalance": wallet,
        "availableToWithdraw": "", "availableToBorrow": "", "borrowAmount": "0", "accruedInterest": "0",
        "totalOrderIM": coins(order_margin), "totalPositionIM": coins(position_margin),
        "totalPositionMM": coins(maintenance), "unrealisedPnl": unrealised,
        "cumRealisedPnl": coins(sim.wallet - account.deposit), "bonus": "0", "collateralSwitch": True,
        "marginCollateral": True, "locked": coins(ledger.locked), "spotHedgingQty": "0", "spotBorrow": "0", "free": "",
    }  # fmt: skip
    return {
        "accountType": "UNIFIED", "accountLTV": "0", "accountIMRate": initial_rate,
        "accountIMRateByMp": initial_rate, "accountMMRate": maintenance_rate,
        "accountMMRateByMp": maintenance_rate, "totalEquity": coins(units + worth),
        "totalWalletBalance": wallet, "totalMarginBalance": equity,
        "totalAvailableBalance": coins(max(0, sim.available)), "totalPerpUPL": unrealised,
        "totalInitialMargin": initial, "totalInitialMarginByMp": initial,
        "totalMaintenanceMargin": coins(maintenance), "totalMaintenanceMarginByMp": coins(maintenance),
        "coin": [coin, *(row for row, _ in held)],
    }  # fmt: skip


def spot_coins(account: VenueAccount) -> Iterator[tuple[Payload, int]]:
    """(row, worth in money units) of every base coin, valued at the last price."""
    balances = list(account.desk.balances())
    if not balances:
        return  # as most pushes of a wallet find: there are hundreds of pairs to go through
    pairs = {pair.base_coin: pair for pair in account.desk.instruments.values()}
    for coin, held, frozen in balances:
        pair = pairs[coin]
        worth = pair.notional_floor(account.desk.price(pair.symbol) * held // base_units(pair, 1))
        yield {
            "coin": coin, "equity": coins(held), "usdValue": coins(worth), "walletBalance": coins(held),
            "availableToWithdraw": "", "availableToBorrow": "", "borrowAmount": "0", "accruedInterest": "0",
            "totalOrderIM": "0", "totalPositionIM": "0", "totalPositionMM": "0", "unrealisedPnl": "0",
            "cumRealisedPnl": "0", "bonus": "0", "collateralSwitch": False, "marginCollateral": False,
            "locked": coins(frozen), "spotHedgingQty": "0", "spotBorrow": "0", "free": "",
        }, worth  # fmt: skip


def account_rate_e4(ledger: Ledger, margin: int) -> int:
    """A margin as a share of the margin balance in 10⁻⁴; 0 with isolated margin, where it means nothing."""
    balance = ledger.equity()
    return margin * 10_000 // balance if ledger.is_cross and balance > 0 else 0


def _account_rate(ledger: Ledger, margin: int) -> str:
    if not ledger.is_cross:
        return "0"
    return plain(Decimal(account_rate_e4(ledger, margin)).scaleb(-4))


def transaction_type(booked: Booked) -> str:
    """What kind of line a booking is."""
    kind = booked.executed.exec_type
    return {"Funding": "SETTLEMENT", "BustTrade": "LIQUIDATION", "AdlTrade": "ADL"}.get(kind, "TRADE")


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
        "type": transaction_type(booked), "transSubType": "", "qty": qty,
        "size": f"{instrument.qty(booked.size):f}", "currency": instrument.settle_coin,
        "tradePrice": price_text(instrument, event.ticks), "funding": coins(-event.fee) if is_funding else "",
        "fee": "0" if is_funding else coins(event.fee), "cashFlow": coins(event.gained),
        "change": coins(event.gained - event.fee), "cashBalance": coins(booked.wallet),
        "feeRate": rate_text(event.rate_e8), "bonusChange": "", "tradeId": exec_id(account.uid, event.sequence),
        "orderId": "" if order is None else order_id(account.uid, order.number),
        "orderLinkId": "" if order is None else order.link, "extraFees": "",
    }  # fmt: skip


def closed_payload(account: VenueAccount, trade: ClosedTrade) -> Payload:
    """A row of ``position/closed-pnl``."""
    order = trade.order
    instrument = account.sim.ledger.book(order.symbol).instrument
    sign = -order.side.sign  # of the position that was closed
    exit_value = instrument.notional_floor(trade.tick_lots)
    entry_value = exit_value - sign * trade.gained
    closed = instrument.qty(trade.lots)
    entry = (amount(entry_value) / closed).quantize(Decimal("1e-8"))
    return {
        "symbol": order.symbol, "orderId": order_id(account.uid, order.number), "side": order.side.value,
        "qty": f"{instrument.qty(order.lots):f}", "orderPrice": price_text(instrument, limit_ticks(instrument, order)),
        "orderType": "Market" if order.ticks is None else "Limit", "execType": trade.exec_type,
        "closedSize": f"{closed:f}", "cumEntryValue": coins(entry_value), "avgEntryPrice": f"{entry:f}",
        "cumExitValue": coins(exit_value),
        "avgExitPrice": average_text(trade.tick_lots, trade.lots, instrument),
        "closedPnl": coins(trade.pnl), "openFee": coins(trade.open_fee), "closeFee": coins(trade.close_fee),
        "fillCount": str(trade.fills), "leverage": f"{(Decimal(trade.leverage_ppm) / PPM).normalize():f}",
        "createdTime": str(order.created_ms), "updatedTime": str(trade.updated_ms),
    }  # fmt: skip
