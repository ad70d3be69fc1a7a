"""Backtests as the API says them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import MsField, StrictSerializer
from analytics.models import BacktestState


class BacktestIn(StrictSerializer):
    """What to play: a document, or that of a bot, over a period."""

    document = serializers.DictField(required=False, help_text="docs/bot.schema.json")
    bot = serializers.CharField(max_length=12, required=False, help_text="Its document is played instead.")
    start = serializers.CharField(max_length=40, help_text="`2025-01-31` or `2025-01-31T12:00Z`; UTC.")
    end = serializers.CharField(max_length=40, help_text="Not played itself. Both are cut to what is stored.")
    balance = serializers.CharField(
        max_length=40, required=False, help_text="Instead of the document's `wallet.balance`."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Exactly one of document and bot."""
        if ("document" in attrs) == ("bot" in attrs):
            raise serializers.ValidationError({"document": ["expected either a document or a bot"]})
        return attrs


class BacktestOut(serializers.Serializer[Any]):
    """A backtest and how far it is."""

    code = serializers.CharField()
    name = serializers.CharField()
    bot = serializers.CharField(source="bot.code", default=None, allow_null=True)
    source = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields off the class
    category = serializers.CharField()
    symbols = serializers.ListField(child=serializers.CharField())
    timeframe = serializers.CharField()
    start = MsField(source="start_ms")
    end = MsField(source="end_ms")
    state = serializers.ChoiceField(BacktestState.choices)
    progress = serializers.FloatField(help_text="0 to 1.")
    message = serializers.CharField(help_text="What is being done.")
    cancel_requested = serializers.BooleanField()
    error = serializers.CharField()
    created_by = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    candles = serializers.IntegerField(help_text="Minutes played.")
    from_cache = serializers.BooleanField(help_text="Whether the same had been played before.")
    engine = serializers.CharField(source="result.engine", default=None, allow_null=True)
    document_hash = serializers.CharField()
    data_hash = serializers.CharField()
    engine_hash = serializers.CharField()
    figures = serializers.DictField(
        source="result.figures", default=None, allow_null=True, help_text="null: none, the result says why."
    )


class BacktestDocumentOut(BacktestOut):
    """A backtest with the document it plays."""

    document = serializers.DictField()


class ComparedIn(StrictSerializer):
    """Which backtests to set side by side."""

    id = serializers.CharField(max_length=80, help_text="Codes of up to five, separated by commas.")


class ComparedOut(serializers.Serializer[Any]):
    """One of several backtests side by side."""

    code = serializers.CharField()
    name = serializers.CharField()
    start = serializers.CharField()
    end = serializers.CharField()
    metrics = serializers.DictField(help_text="As in its result; a missing one has its reason.")
    equity = serializers.ListField(help_text="`{close, wallet, equity}`, thinned.")


class ComparisonOut(serializers.Serializer[Any]):
    """Backtests side by side."""

    results = ComparedOut(many=True)
