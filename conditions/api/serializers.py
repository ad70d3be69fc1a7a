"""Rule-sets as the API says them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ailona.kit.fields import StrictSerializer


class RuleSetOut(serializers.Serializer[Any]):
    """A rule-set with its draft."""

    code = serializers.CharField()
    name = serializers.CharField()
    draft = serializers.JSONField()
    latest_version = serializers.IntegerField(source="latest_number", allow_null=True)
    updated_at = serializers.DateTimeField()


class RuleSetIn(StrictSerializer):
    """A name and a draft; the draft is only checked when it is published."""

    name = serializers.CharField(max_length=80)
    document = serializers.DictField()


class RuleSetChange(StrictSerializer):
    """A new draft, and a new name if given."""

    name = serializers.CharField(max_length=80, required=False)
    document = serializers.DictField()


class VersionOut(serializers.Serializer[Any]):
    """A published version: canonical, and never changed again."""

    code = serializers.CharField()
    number = serializers.IntegerField()
    document = serializers.JSONField()
    rules_hash = serializers.CharField()
    published_at = serializers.DateTimeField()


class TextIn(StrictSerializer):
    """Conditions in their text form."""

    text = serializers.CharField(max_length=20_000)


class NodeOut(serializers.Serializer[Any]):
    """A tree as document and as text."""

    node = serializers.JSONField()
    text = serializers.CharField()
