"""What operators see of rule-sets; nothing can be changed here."""

from __future__ import annotations

from django.contrib import admin

from accounts.operators import ReadOnlyAdmin
from conditions.models import RuleSet, RuleSetVersion


@admin.register(RuleSet)
class RuleSetAdmin(ReadOnlyAdmin):
    """Rule-sets by workspace."""

    list_display = ("code", "name", "workspace", "updated_at")
    search_fields = ("code", "name")
    ordering = ("-updated_at",)


@admin.register(RuleSetVersion)
class RuleSetVersionAdmin(ReadOnlyAdmin):
    """Published versions."""

    list_display = ("code", "rule_set", "number", "workspace", "published_at")
    search_fields = ("code", "rules_hash")
    ordering = ("-published_at",)
