"""Rule-sets as the API says them."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ailona.kit.fields import StrictSerializer
from conditions.services.mirroring import SIDES
from conditions.services.publishing import MAX_NOTE
from conditions.templates_catalog import RULE_TEMPLATES
from trading_core.rules.limits import MAX_BYTES


class RuleSetOut(serializers.Serializer[Any]):
    """A rule-set with its draft."""

    code = serializers.CharField()
    name = serializers.CharField()
    is_layer = serializers.BooleanField(help_text="Whether the draft says only how it differs from SON.")
    draft = serializers.JSONField()
    latest_version = serializers.IntegerField(source="latest_number", allow_null=True)
    updated_at = serializers.DateTimeField()
    archived_at = serializers.DateTimeField(allow_null=True)


class RuleSetIn(StrictSerializer):
    """A name, and what to start from: a draft (a document, or a layer over SON), or a template."""

    name = serializers.CharField(max_length=80)
    document = serializers.DictField(required=False, help_text="Only checked when it is published.")
    template = serializers.ChoiceField(tuple(RULE_TEMPLATES), required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse two beginnings."""
        if "document" in attrs and "template" in attrs:
            raise serializers.ValidationError({"template": ["is one beginning, document another; say one"]})
        return attrs


class RuleSetChange(StrictSerializer):
    """A new draft, and a new name if given."""

    name = serializers.CharField(max_length=80, required=False)
    document = serializers.DictField()


class RuleSetPatch(StrictSerializer):
    """Any of these."""

    name = serializers.CharField(max_length=80, required=False)
    document = serializers.DictField(required=False)
    archived = serializers.BooleanField(required=False)


class VersionOut(serializers.Serializer[Any]):
    """A published version: canonical, and never changed again."""

    code = serializers.CharField()
    number = serializers.IntegerField()
    document = serializers.JSONField()
    rules_hash = serializers.CharField()
    published_at = serializers.DateTimeField()
    note = serializers.CharField()
    layer = serializers.JSONField(source="source", allow_null=True, help_text="What it was made from.")
    son_version = serializers.IntegerField(source="base_version", allow_null=True)
    son_hash = serializers.CharField(
        source="base_hash", help_text="Empty for rules that stand by themselves."
    )


class PublishIn(StrictSerializer):
    """A word on what the version is for."""

    note = serializers.CharField(max_length=MAX_NOTE, required=False, allow_blank=True, default="")


class FindingOut(serializers.Serializer[Any]):
    """Something about one place of a draft."""

    path = serializers.CharField()
    reason = serializers.CharField()


class ReadingOut(serializers.Serializer[Any]):
    """A draft as the platform understands it."""

    valid = serializers.BooleanField()
    rules_hash = serializers.CharField(allow_null=True)
    faults = FindingOut(many=True)
    warnings = FindingOut(many=True)


class ValidateIn(StrictSerializer):
    """A draft to be read instead of the saved one."""

    document = serializers.DictField(required=False)


class TextIn(StrictSerializer):
    """Conditions in their text form."""

    text = serializers.CharField(max_length=20_000)


class FileIn(StrictSerializer):
    """A file's content: an export, a document, a layer, or the text form."""

    text = serializers.CharField(max_length=MAX_BYTES, trim_whitespace=False)


class NewFileIn(FileIn):
    """A file's content and the name of what it becomes."""

    name = serializers.CharField(max_length=80)


class ForkIn(StrictSerializer):
    """A name, and the version to start from; the draft if none is named."""

    name = serializers.CharField(max_length=80)
    version = serializers.IntegerField(required=False, min_value=1, max_value=99_999)


class MirrorIn(StrictSerializer):
    """The side to be written from the other one."""

    side = serializers.ChoiceField(SIDES)


class MirrorOut(serializers.Serializer[Any]):
    """What mirroring made."""

    draft = serializers.JSONField()
    kept = serializers.ListField(
        child=serializers.CharField(), help_text="Paths of conditions that have no mirror."
    )


class NodeOut(serializers.Serializer[Any]):
    """A tree as document and as text."""

    node = serializers.JSONField()
    text = serializers.CharField()


class ChangeOut(serializers.Serializer[Any]):
    """One difference between two rule-sets."""

    kind = serializers.ChoiceField(("added", "removed", "changed", "moved"))
    where = serializers.CharField(help_text="For people.")
    path = serializers.CharField()
    old = serializers.CharField(allow_blank=True)
    new = serializers.CharField(allow_blank=True)


class DiffOut(serializers.Serializer[Any]):
    """Everything that differs."""

    since = serializers.CharField()
    until = serializers.CharField()
    changes = ChangeOut(many=True)


class TemplateOut(serializers.Serializer[Any]):
    """A rule-set to start from."""

    code = serializers.CharField()
    name = serializers.CharField()
    idea = serializers.CharField()
    summary = serializers.CharField()
    weakness = serializers.CharField()
    document = serializers.JSONField()


class SonOut(serializers.Serializer[Any]):
    """The platform's default rule-set."""

    number = serializers.IntegerField()
    note = serializers.CharField()
    rules_hash = serializers.CharField()
    document = serializers.JSONField()


class EffectiveTreeOut(serializers.Serializer[Any]):
    """One tree in words and as an outline."""

    tree = serializers.CharField()
    sentences = serializers.ListField(child=serializers.CharField())
    root = serializers.SerializerMethodField()  # type: ignore[assignment]  # DRF takes it off the class
    off = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "nullable": True, "additionalProperties": True})
    def get_root(self, tree: Any) -> Any:
        """Nested: ``text``, ``id``, ``tags``, and ``of`` (a group) or ``origin`` and ``condition``."""
        return None if tree["root"] is None else tree["root"].data()

    @extend_schema_field({"type": "array", "items": {"type": "object", "additionalProperties": True}})
    def get_off(self, tree: Any) -> Any:
        """What SON says here and the layer switched off."""
        return [branch.data() for branch in tree["off"]]


class EffectiveOut(serializers.Serializer[Any]):
    """The rules that count, with the origin of each condition."""

    rules_hash = serializers.CharField()
    document = serializers.JSONField()
    trees = EffectiveTreeOut(many=True)
