"""Every indicator by name. To add one: declare it in its family's file."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from trading_core.indicators import momentum, trend, volatility, volume
from trading_core.indicators.spec import Indicator

CATALOG: Mapping[str, Indicator] = MappingProxyType(
    {
        indicator.name: indicator
        for family in (trend, momentum, volatility, volume)
        for indicator in family.INDICATORS
    }
)
