"""Contract definitions as the venue tells them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import base_coin, derived_instrument, known_instrument
from trading_core.money import PPM, amount, plain

PRICE_BOUNDS = (1, 19_999_998)
"""Lowest and highest price of a contract, ticks."""

__all__ = [
    "as_payload",
    "as_spot_payload",
    "base_coin",
    "derived_instrument",
    "known_instrument",
    "spot_instrument",
    "tiers_payload",
]

_FINER, _FINEST = 1_000, Decimal("1e-8")
"""Times that a pair's quantities are finer than its contract's, and the finest there are."""


def as_payload(instrument: Instrument) -> dict[str, Any]:
    """An instrument as ``/v5/market/instruments-info`` tells it."""
    tick, step = instrument.tick_size, instrument.qty_step
    lowest, highest = PRICE_BOUNDS
    scale = max(0, -int(tick.normalize().as_tuple().exponent))
    most = f"{instrument.qty(instrument.max_lots):f}"
    cap = "0.00375" if instrument.symbol in ("BTCUSDT", "ETHUSDT") else "0.01"
    return {
        "symbol": instrument.symbol,
        "contractType": "LinearPerpetual",
        "status": instrument.status,
        "baseCoin": instrument.base_coin,
        "quoteCoin": instrument.settle_coin,
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(scale),
        "leverageFilter": {
            "minLeverage": "1",
            "maxLeverage": f"{instrument.max_leverage:.2f}",
            "leverageStep": "0.01",
        },
        "priceFilter": {
            "minPrice": f"{instrument.price(lowest):f}",
            "maxPrice": f"{instrument.price(highest):f}",
            "tickSize": f"{tick:f}",
        },
        "lotSizeFilter": {
            "maxOrderQty": most,
            "minOrderQty": f"{instrument.qty(instrument.min_lots):f}",
            "qtyStep": f"{step:f}",
            "postOnlyMaxOrderQty": most,
            "maxMktOrderQty": f"{instrument.qty(instrument.max_market_lots):f}",
            "minNotionalValue": f"{instrument.min_notional // 10**8}",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": instrument.funding_interval_min,
        "settleCoin": instrument.settle_coin,
        "copyTrading": "none",
        "upperFundingRate": cap,
        "lowerFundingRate": f"-{cap}",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": _risk_parameters(instrument),
        "displayName": "",
        "symbolId": sum(instrument.symbol.encode()),
        "symbolType": "",
    }


def tiers_payload(instrument: Instrument) -> list[dict[str, Any]]:
    """The risk tiers of an instrument as ``/v5/market/risk-limit`` tells them; rates are fractions."""
    return [
        {
            "id": tier.number, "symbol": instrument.symbol, "riskLimitValue": plain(amount(tier.limit)),
            "maintenanceMargin": plain(Decimal(tier.maintenance_ppm) / PPM),
            "initialMargin": plain(Decimal(tier.initial_ppm) / PPM), "isLowestRisk": int(not index),
            "maxLeverage": f"{Decimal(tier.leverage_ppm) / PPM:.2f}",
            "mmDeduction": plain(amount(tier.deduction)) if index else "",
        }
        for index, tier in enumerate(instrument.tiers)
    ]  # fmt: skip


def spot_instrument(contract: Instrument) -> Instrument:
    """The spot pair at a contract's prices; its quantities are a thousand times finer, as Bybit's pairs' are."""
    finer = _FINER if _FINEST * _FINER <= contract.qty_step <= 1 else 1
    return replace(
        contract,
        category="spot",
        qty_step=contract.qty_step / finer,
        min_lots=1,
        max_lots=contract.max_lots * finer,
        max_market_lots=contract.max_market_lots * finer,
    )


def as_spot_payload(pair: Instrument) -> dict[str, Any]:
    """A spot pair as ``/v5/market/instruments-info`` tells it."""
    step = f"{pair.qty_step:f}"
    most, most_at_market = (f"{pair.qty(lots):f}" for lots in (pair.max_lots, pair.max_market_lots))
    return {
        "symbolId": sum(pair.symbol.encode()),
        "symbol": pair.symbol,
        "baseCoin": pair.base_coin,
        "quoteCoin": pair.settle_coin,
        "innovation": "0",
        "status": pair.status,
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": step,
            "quotePrecision": "0.00000001",
            "minOrderQty": step,
            "maxOrderQty": most,
            "minOrderAmt": f"{pair.min_notional // 10**8}",
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": most,
            "maxMarketOrderQty": most_at_market,
            "postOnlyMaxLimitOrderSize": most,
        },
        "priceFilter": {"tickSize": f"{pair.tick_size:f}"},
        "riskParameters": _risk_parameters(pair),
        "symbolType": "",
    }


def _risk_parameters(instrument: Instrument) -> dict[str, str]:
    return {
        "priceLimitRatioX": f"{instrument.price_limit_x_ppm / PPM:g}",
        "priceLimitRatioY": f"{instrument.price_limit_y_ppm / PPM:g}",
    }
