"""The market, shared by all tenants: instruments, recent base candles and tickers, verdicts, feed health."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class InstrumentRow(models.Model):
    """One version of a contract definition; a change on the venue adds a version."""

    source = models.CharField(max_length=20)
    category = models.CharField(max_length=10)
    symbol = models.CharField(max_length=30)
    version = models.PositiveIntegerField()
    definition = models.JSONField()
    """The fields of ``trading_core.market.instrument.Instrument``, decimals as strings."""
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "category", "symbol", "version"], name="instrument_version"
            ),
        ]


class Series(models.Model):
    """The identity of a candle series."""

    source = models.CharField(max_length=20)
    category = models.CharField(max_length=10)
    symbol = models.CharField(max_length=30)
    timeframe = models.CharField(max_length=4)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source", "category", "symbol", "timeframe"], name="series_identity"
            ),
        ]


class CandleRow(models.Model):
    """A closed candle of the base timeframe as the feed heard it; never overwritten."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE)
    open_time = models.BigIntegerField()
    open = models.FloatField()
    high = models.FloatField()
    low = models.FloatField()
    close = models.FloatField()
    volume = models.FloatField()
    turnover = models.FloatField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "open_time"], name="candle_identity"),
        ]


class CandleRevision(models.Model):
    """A candle the venue told differently later: logged, not applied."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE)
    open_time = models.BigIntegerField()
    heard = models.JSONField()
    seen_at = models.DateTimeField()


class TickerRow(models.Model):
    """What the feed knew of a contract beside its candle when that closed; never overwritten."""

    series = models.ForeignKey(Series, on_delete=models.CASCADE)
    """The symbol at the base timeframe."""
    time_ms = models.BigIntegerField()
    """The close."""
    funding_rate = models.FloatField(null=True)
    """Percent per funding interval."""
    mark = models.FloatField(null=True)
    spread = models.FloatField(null=True)
    """Percent of the middle of best bid and ask."""

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["series", "time_ms"], name="ticker_identity"),
        ]


class VerdictRow(models.Model):
    """What a compiled rule-set said of a symbol at a close; whoever owns the rules."""

    rules_hash = models.CharField(max_length=64)
    series = models.ForeignKey(Series, on_delete=models.CASCADE)
    """The symbol at the bot's timeframe."""
    close_ms = models.BigIntegerField()
    packed = models.BinaryField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["rules_hash", "series", "close_ms"], name="verdict_identity"),
        ]
        indexes: ClassVar = [models.Index(fields=["close_ms"], name="verdict_close")]


class FeedStatus(models.Model):
    """How the feed of a source is, for pages and the stale-data gate."""

    source = models.CharField(max_length=20, primary_key=True)
    market = models.CharField(max_length=120)
    """What a page calls this market."""
    connected = models.BooleanField(default=False)
    last_close_ms = models.BigIntegerField(default=0)
    heard_at = models.DateTimeField(null=True)
