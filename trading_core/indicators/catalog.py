"""Every indicator by name. To add one: declare it in its family's file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trading_core.indicators import (
    averages,
    bands,
    momentum,
    oscillators,
    price,
    regime,
    trend,
    volatility,
    volume,
)
from trading_core.indicators.spec import Indicator

CATALOG: Mapping[str, Indicator] = MappingProxyType(
    {
        indicator.name: indicator
        for family in (averages, trend, regime, oscillators, momentum, bands, volatility, volume, price)
        for indicator in family.INDICATORS
    }
)
