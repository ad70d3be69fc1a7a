"""Exchange accounts as the API says them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.entry_blocks import BlockCause, BlockKind
from accounts.models import Environment, Interference
from accounts.services import MAX_KEY, MAX_NAME, MAX_SECRET
from ailona.kit.fields import MoneyField, StrictSerializer


class BlockOut(serializers.Serializer[Any]):
    """Why no entries are taken: a pause ends at `until_ms`, a halt when a person resumes the account."""

    kind = serializers.ChoiceField([(kind.value, kind.value) for kind in BlockKind])
    cause = serializers.ChoiceField([(cause.value, cause.value) for cause in BlockCause])
    symbol = serializers.CharField(help_text="empty: the whole account")
    reason = serializers.CharField()
    code = serializers.IntegerField(help_text="the exchange's return code; 0: none")
    times = serializers.IntegerField()
    since_ms = serializers.IntegerField()
    until_ms = serializers.IntegerField(allow_null=True)


class KeyReportOut(serializers.Serializer[Any]):
    """What the last check of a key found."""

    refusals = serializers.ListField(child=serializers.CharField(), default=list)
    warnings = serializers.ListField(child=serializers.CharField(), default=list)


class AccountOut(serializers.Serializer[Any]):
    """An exchange account; its secret is never told."""

    code = serializers.CharField()
    name = serializers.CharField()
    environment = serializers.ChoiceField(Environment.choices)
    status = serializers.CharField()
    status_reason = serializers.CharField()
    wallet = MoneyField()
    paper_balance = MoneyField()
    key_checked_at = serializers.DateTimeField(allow_null=True)
    key_report = KeyReportOut()
    entry_blocks = BlockOut(many=True)
    interference = serializers.ChoiceField(
        Interference.choices, help_text="What follows when somebody else acts on the account."
    )
    created_at = serializers.DateTimeField()


class AccountIn(StrictSerializer):
    """A paper account to open (`balance`), or a key to connect (`api_key`, `api_secret`)."""

    environment = serializers.ChoiceField(Environment.choices)
    name = serializers.CharField(max_length=MAX_NAME)
    balance = MoneyField(required=False)
    api_key = serializers.CharField(max_length=MAX_KEY, required=False)
    api_secret = serializers.CharField(max_length=MAX_SECRET, required=False, write_only=True)


class KeyIn(StrictSerializer):
    """Another key for a connected account."""

    api_key = serializers.CharField(max_length=MAX_KEY)
    api_secret = serializers.CharField(max_length=MAX_SECRET, write_only=True)


class InterferenceIn(StrictSerializer):
    """What follows when somebody else acts on the account."""

    policy = serializers.ChoiceField(Interference.choices)


class ResetIn(StrictSerializer):
    """What a paper account starts again with; absent, with what it began."""

    balance = MoneyField(required=False)
