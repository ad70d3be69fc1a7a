"""The market as the API says it; figures are numbers, None where something is not known."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import MsField


class RegimeOut(serializers.Serializer[Any]):
    """What kind of market it is."""

    state = serializers.IntegerField(allow_null=True, help_text="1 up-trend, -1 down-trend, 0 range.")
    trend = serializers.FloatField(allow_null=True, help_text="Signed efficiency, -1 to 1.")
    volatility = serializers.FloatField(allow_null=True, help_text="Percentile within its window.")


class OverviewOut(serializers.Serializer[Any]):
    """A followed symbol at the market's clock."""

    symbol = serializers.CharField()
    price = serializers.FloatField()
    change_24h_pct = serializers.FloatField(allow_null=True)
    turnover_24h = serializers.FloatField(allow_null=True)
    regimes = serializers.DictField(child=RegimeOut(), help_text="By timeframe: `15m` and `1h`.")
    funding_rate = serializers.FloatField(allow_null=True, help_text="Percent per funding interval.")
    mark = serializers.FloatField(allow_null=True)
    spread = serializers.FloatField(allow_null=True, help_text="Percent of the middle.")
    last_close = MsField(source="last_close_ms")
    age_s = serializers.SerializerMethodField(help_text="How far the market's clock is past its last close.")

    def get_age_s(self, overview: Any) -> int:
        """Whole seconds."""
        return int(overview.age_ms // 1_000)


class ClosedOut(serializers.Serializer[Any]):
    """A candle with its regime."""

    close_ms = serializers.IntegerField()
    close = serializers.FloatField()
    state = serializers.IntegerField(allow_null=True)
    trend = serializers.FloatField(allow_null=True)
    volatility = serializers.FloatField(allow_null=True)


class HistoryOut(serializers.Serializer[Any]):
    """The last candles of a symbol."""

    timeframe = serializers.CharField()
    closes = ClosedOut(many=True, help_text="Oldest first.")


class SymbolMarketOut(serializers.Serializer[Any]):
    """A symbol with its history."""

    now = OverviewOut()
    history = HistoryOut()
