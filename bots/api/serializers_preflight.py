"""Preflight as the API says it: money and prices as decimal strings, shares in percent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.api import ErrorOut
from ailona.kit.fields import MoneyField, StrictSerializer
from trading_core.risk.preflight import FindingCode


class PreflightIn(StrictSerializer):
    """A bot document, and what it would have to trade with."""

    document = serializers.DictField(help_text="docs/bot.schema.json")
    equity = MoneyField(required=False, help_text="Without it, the balance the document asks for.")


class PlanFindingOut(serializers.Serializer[Any]):
    """One thing found."""

    code = serializers.ChoiceField([code.value for code in FindingCode])
    refuses = serializers.BooleanField(help_text="Whether it keeps the bot from starting.")
    symbol = serializers.CharField(help_text="Empty: the bot as a whole.")
    side = serializers.CharField(help_text="`long`, `short`, or empty for both.")
    text = serializers.CharField()
    numbers = serializers.DictField()


class StepOut(serializers.Serializer[Any]):
    """The position once one part of the plan has filled."""

    part = serializers.CharField(help_text="`entry`, `leg 1`, `leg 2` ...")
    price = serializers.CharField()
    qty = serializers.CharField()
    quote = serializers.CharField()
    fee = serializers.CharField()
    too_small = serializers.BooleanField(help_text="Whether the venue would refuse the part for its size.")
    position_qty = serializers.CharField()
    average_price = serializers.CharField()
    worth = serializers.CharField()
    margin = serializers.CharField()
    maintenance_margin = serializers.CharField()
    liquidation_price = serializers.CharField()
    stop_price = serializers.CharField()
    stop_to_liquidation_pct = serializers.CharField(help_text="Of the average price; negative: unsafe.")


class CaseOut(serializers.Serializer[Any]):
    """The worst case of one symbol and side."""

    symbol = serializers.CharField()
    side = serializers.CharField()
    price = serializers.CharField()
    steps = StepOut(many=True)
    exposure_pct = serializers.CharField(help_text="Worth of the whole position, of equity.")
    margin = serializers.CharField(help_text="Tied up by the whole plan, fees in and out included.")
    exit_price = serializers.CharField(help_text="Where the stop fills, slippage included.")
    loss = serializers.CharField(help_text="At the stop, all fees included, without funding.")
    loss_pct = serializers.CharField()
    liquidation_loss = serializers.CharField(help_text="If the stop did not hold.")
    order_slots = serializers.IntegerField()
    order_slots_limit = serializers.IntegerField()


class TogetherOut(serializers.Serializer[Any]):
    """As many positions at once as the bot may have."""

    positions = serializers.IntegerField()
    worth = serializers.CharField()
    margin = serializers.CharField()
    loss = serializers.CharField()
    order_slots = serializers.IntegerField()


class PreflightOut(serializers.Serializer[Any]):
    """The worst case of a bot."""

    refused = serializers.BooleanField()
    equity = serializers.CharField()
    available = serializers.CharField()
    findings = PlanFindingOut(many=True)
    cases = CaseOut(many=True)
    together = TogetherOut()


class UnsafeOut(ErrorOut):
    """A start that was refused."""

    preflight = PreflightOut(required=False, help_text="With the code `unsafe_plan`.")
