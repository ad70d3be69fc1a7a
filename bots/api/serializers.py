"""Bots and what they do as the API says them: money and prices as decimal strings, times in UTC."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import MoneyField, MsField, PlainField, StrictSerializer
from bots.models import BotState
from bots.pages.actions import STOP_MODES


class BotOut(serializers.Serializer[Any]):
    """A bot."""

    code = serializers.CharField()
    name = serializers.CharField()
    state = serializers.ChoiceField(BotState.choices)
    state_reason = serializers.CharField()
    exchange_account = serializers.CharField(source="account.code")
    environment = serializers.CharField(source="account.environment")
    source = serializers.CharField()  # type: ignore[assignment]  # DRF takes declared fields off the class
    category = serializers.CharField()
    timeframe = serializers.CharField()
    rules_hash = serializers.CharField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)


class BotIn(StrictSerializer):
    """A bot document; without an exchange account the bot gets a paper account of its own."""

    document = serializers.DictField(help_text="docs/bot.schema.json")
    exchange_account = serializers.CharField(max_length=12, required=False)
    start = serializers.BooleanField(default=False)


class DocumentIn(StrictSerializer):
    """A bot document."""

    document = serializers.DictField(help_text="docs/bot.schema.json")


class DocumentOut(serializers.Serializer[Any]):
    """A bot document, canonical."""

    document = serializers.JSONField()


class StopIn(StrictSerializer):
    """How a bot stops."""

    mode = serializers.ChoiceField(STOP_MODES, default="cancel")


class AddIn(StrictSerializer):
    """What is added to a position."""

    quote = MoneyField(help_text="worth in USDT")
    key = serializers.CharField(max_length=40, help_text="names the request: the same key is done once")


class ReduceIn(StrictSerializer):
    """What is taken from a position."""

    percent = serializers.IntegerField(min_value=1, max_value=100)
    key = serializers.CharField(max_length=40, help_text="names the request: the same key is done once")


class PositionOut(serializers.Serializer[Any]):
    """An open position."""

    bot = serializers.CharField(source="bot_code")
    symbol = serializers.CharField()
    direction = serializers.CharField()
    qty = PlainField()
    average_price = PlainField(source="average", allow_null=True)
    last_price = PlainField(source="price", allow_null=True)
    notional = MoneyField()
    unrealised = MoneyField(allow_null=True)
    stop_price = PlainField(source="stop", allow_null=True)
    leverage = PlainField()


class StatusOut(serializers.Serializer[Any]):
    """How a bot stands."""

    state = serializers.ChoiceField(BotState.choices)
    state_reason = serializers.CharField()
    wanted = MsField(help_text="The latest close it should have seen.")
    done = MsField(help_text="The latest close it has seen.")
    wallet = MoneyField()
    equity = MoneyField()
    unrealised = MoneyField()
    positions = PositionOut(many=True)


class DecisionOut(serializers.Serializer[Any]):
    """What one close came to for one symbol."""

    symbol = serializers.CharField()
    close = MsField(source="close_ms")
    close_ms = serializers.IntegerField()
    outcome = serializers.CharField(source="code")
    sentence = serializers.CharField()
    details = serializers.DictField()


class OrderOut(serializers.Serializer[Any]):
    """An order."""

    link = serializers.CharField()
    venue_order_id = serializers.CharField()
    symbol = serializers.CharField()
    trade = serializers.IntegerField()
    role = serializers.CharField()
    leg = serializers.IntegerField()
    side = serializers.CharField()
    price = PlainField(allow_null=True)
    qty = PlainField()
    filled = PlainField()
    reduce_only = serializers.BooleanField()
    state = serializers.CharField()
    reason = serializers.CharField()
    decided = MsField(source="decided_ms")


class ExecutionOut(serializers.Serializer[Any]):
    """An execution."""

    exec_id = serializers.CharField()
    exec_type = serializers.CharField()
    symbol = serializers.CharField()
    trade = serializers.IntegerField()
    role = serializers.CharField()
    leg = serializers.IntegerField()
    side = serializers.CharField()
    price = PlainField()
    qty = PlainField()
    notional = MoneyField()
    fee = MoneyField()
    realised = MoneyField()
    is_maker = serializers.BooleanField()
    time = MsField(source="time_ms")
    sequence = serializers.IntegerField()
