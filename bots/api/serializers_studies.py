"""What kept bots from trading, and what they would have done, as the API says it."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import MsField, StrictSerializer
from bots.models import StudyState
from bots.services.whatif import DAYS_MAX


class MissOut(serializers.Serializer[Any]):
    """One close at which a condition alone was to blame."""

    symbol = serializers.CharField()
    close = MsField(source="close_ms")
    close_ms = serializers.IntegerField()
    distance = serializers.FloatField(help_text="In the unit of the operand; negative: outside its bound.")
    percent = serializers.FloatField(allow_null=True, help_text="Of the bound.")
    sigmas = serializers.FloatField(
        allow_null=True, help_text="In standard deviations of the distance over the period."
    )


class BinOut(serializers.Serializer[Any]):
    """Closes that missed by so many standard deviations."""

    low = serializers.FloatField()
    high = serializers.FloatField(allow_null=True)
    closes = serializers.IntegerField()


class ConditionOut(serializers.Serializer[Any]):
    """One condition over the period."""

    leaf = serializers.IntegerField()
    text = serializers.CharField()
    false = serializers.IntegerField()
    unknown = serializers.IntegerField()
    sole = serializers.IntegerField(help_text="Closes at which it alone kept the tree from being true.")
    sentence = serializers.CharField()
    bins = BinOut(many=True)
    nearest = MissOut(many=True)


class TreeOut(serializers.Serializer[Any]):
    """One tree over the period."""

    tree = serializers.CharField()
    closes = serializers.IntegerField()
    true = serializers.IntegerField()
    false = serializers.IntegerField()
    unknown = serializers.IntegerField()
    sole = serializers.IntegerField()
    conditions = ConditionOut(many=True)


class BlockersOut(serializers.Serializer[Any]):
    """Why a bot did not trade over a period."""

    symbols = serializers.ListField(child=serializers.CharField())
    first = MsField(source="from_ms")
    last = MsField(source="to_ms")
    decisions = serializers.IntegerField()
    outcomes = serializers.DictField(child=serializers.IntegerField())
    trees = TreeOut(many=True)
    notes = serializers.ListField(child=serializers.CharField())


class StudyIn(StrictSerializer):
    """A counterfactual."""

    change = serializers.JSONField(
        help_text='A rule-set, or edits such as [{"path": "long.all[0].right", "value": 35}].'
    )
    days = serializers.IntegerField(min_value=1, max_value=DAYS_MAX, default=30)


class StudyOut(serializers.Serializer[Any]):
    """A counterfactual and, once it is done, its result."""

    code = serializers.CharField()
    bot = serializers.CharField(source="bot.code")
    change = serializers.JSONField()
    days = serializers.IntegerField()
    state = serializers.ChoiceField(StudyState.choices)
    progress = serializers.IntegerField(help_text="Percent.")
    error = serializers.CharField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    result = serializers.JSONField(allow_null=True)
