"""Exchange accounts as the API says them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Environment
from accounts.services import MAX_KEY, MAX_NAME, MAX_SECRET
from ailona.kit.fields import MoneyField, StrictSerializer


class AccountOut(serializers.Serializer[Any]):
    """An exchange account; its secret is never told."""

    code = serializers.CharField()
    name = serializers.CharField()
    environment = serializers.ChoiceField(Environment.choices)
    status = serializers.CharField()
    status_reason = serializers.CharField()
    wallet = MoneyField()
    paper_balance = MoneyField()
    created_at = serializers.DateTimeField()


class AccountIn(StrictSerializer):
    """A paper account to open (`balance`), or a key to connect (`api_key`, `api_secret`)."""

    environment = serializers.ChoiceField(Environment.choices)
    name = serializers.CharField(max_length=MAX_NAME)
    balance = MoneyField(required=False)
    api_key = serializers.CharField(max_length=MAX_KEY, required=False)
    api_secret = serializers.CharField(max_length=MAX_SECRET, required=False, write_only=True)


class ResetIn(StrictSerializer):
    """What a paper account starts again with; absent, with what it began."""

    balance = MoneyField(required=False)
