"""Contract definitions as the venue tells them."""

from __future__ import annotations

from typing import Any

from trading_core.market.instrument import Instrument
from trading_core.market.known_instruments import base_coin, derived_instrument, known_instrument

__all__ = ["as_payload", "as_spot_payload", "base_coin", "derived_instrument", "known_instrument"]


def as_payload(instrument: Instrument) -> dict[str, Any]:
    """An instrument as ``/v5/market/instruments-info`` tells it."""
    tick, step = instrument.tick_size, instrument.qty_step
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
            "minPrice": f"{tick:f}",
            "maxPrice": f"{tick * 19_999_998:f}",
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
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"},
        "displayName": "",
        "symbolId": sum(instrument.symbol.encode()),
        "symbolType": "",
    }


def as_spot_payload(instrument: Instrument) -> dict[str, Any]:
    """The spot pair at an instrument's prices, as ``/v5/market/instruments-info`` tells it."""
    step, least = f"{instrument.qty_step:f}", f"{instrument.qty(instrument.min_lots):f}"
    most, most_at_market = (
        f"{instrument.qty(lots):f}" for lots in (instrument.max_lots, instrument.max_market_lots)
    )
    return {
        "symbolId": sum(instrument.symbol.encode()),
        "symbol": instrument.symbol,
        "baseCoin": instrument.base_coin,
        "quoteCoin": instrument.settle_coin,
        "innovation": "0",
        "status": instrument.status,
        "marginTrading": "none",
        "stTag": "0",
        "lotSizeFilter": {
            "basePrecision": step,
            "quotePrecision": "0.00000001",
            "minOrderQty": least,
            "maxOrderQty": most,
            "minOrderAmt": f"{instrument.min_notional // 10**8}",
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": most,
            "maxMarketOrderQty": most_at_market,
            "postOnlyMaxLimitOrderSize": most,
        },
        "priceFilter": {"tickSize": f"{instrument.tick_size:f}"},
        "riskParameters": {"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"},
        "symbolType": "",
    }
