"""What operators see of people, workspaces and exchange accounts. No ciphertext, no API key."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import (
    AuditEvent,
    ExchangeAccount,
    Membership,
    OperatorRead,
    OutboxMessage,
    PlatformHalt,
    PlatformLimits,
    SealedSecret,
    User,
    Workspace,
    WorkspaceKey,
)  # fmt: skip
from accounts.operators import ReadOnlyAdmin, is_operator
from trading_core.engine.limits_schema import limits_data, parse_limits
from trading_core.errors import InvalidInput


class PersonCreationForm(AdminUserCreationForm):  # type: ignore[type-arg]
    """A new person, by e-mail address."""

    class Meta:
        model = User
        fields = ("email",)
        field_classes: ClassVar[dict[str, Any]] = {}


@admin.register(User)
class PersonAdmin(BaseUserAdmin):  # type: ignore[type-arg]
    """The one place where operators change something: who may log in, and who is an operator."""

    add_form = PersonCreationForm
    list_display = ("email", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff")
    search_fields = ("email",)
    ordering = ("email",)
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")
    fieldsets = (
        (None, {"fields": ("email", "password", "first_name", "last_name")}),
        ("May", {"fields": ("is_active", "is_staff", "is_superuser")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "usable_password", "password1", "password2")}),)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """People are deactivated: their workspaces and audit log stay."""
        return False


class PlatformLimitsForm(forms.ModelForm):  # type: ignore[type-arg]
    """Limits as JSON, read as those of accounts are."""

    class Meta:
        model = PlatformLimits
        fields = ("limits", "note")

    def clean_limits(self) -> dict[str, Any]:
        """Refuse what can't be read, naming the place."""
        try:
            return limits_data(parse_limits(self.cleaned_data["limits"] or {}))
        except InvalidInput as error:
            raise forms.ValidationError(str(error)) from error


class AppendedByOperators(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows that operators add, of which the newest holds, and none is ever changed."""

    ordering = ("-pk",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators see them."""
        return is_operator(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Operators see them."""
        return is_operator(request.user)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Operators add them."""
        return is_operator(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What held once stays as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What held once stays on record."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: FBT001 - Django's signature
        """Write down who did it."""
        obj.operator = getattr(request.user, "email", "")
        super().save_model(request, obj, form, change)


@admin.register(PlatformLimits)
class PlatformLimitsAdmin(AppendedByOperators):
    """What every account is limited to."""

    form = PlatformLimitsForm
    list_display = ("at", "operator", "note", "limits")


@admin.register(PlatformHalt)
class PlatformHaltAdmin(AppendedByOperators):
    """The kill switch of the whole installation: traders carry it out within a second."""

    list_display = ("at", "operator", "what", "reason")
    fields = ("what", "reason")


@admin.register(Workspace)
class WorkspaceAdmin(ReadOnlyAdmin):
    """Tenants."""

    list_display = ("code", "name", "timezone", "created_at")
    search_fields = ("code", "name")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who belongs where."""

    list_display = ("workspace", "user", "role")
    list_filter = ("role",)
    list_select_related = ("workspace", "user")


@admin.register(ExchangeAccount)
class ExchangeAccountAdmin(ReadOnlyAdmin):
    """Exchange accounts, without their keys."""

    list_display = ("code", "name", "workspace", "environment", "status", "generation", "opened_generation")
    list_filter = ("environment", "status")
    list_select_related = ("workspace",)
    search_fields = ("code", "venue_uid")
    exclude = ("api_key",)


@admin.register(SealedSecret)
class SealedSecretAdmin(ReadOnlyAdmin):
    """That a secret exists, and in which form."""

    list_display = fields = ("workspace", "account", "form", "data_key_version")
    list_filter = ("form",)
    list_select_related = ("workspace", "account")

    def get_queryset(self, request: HttpRequest) -> QuerySet[SealedSecret]:
        """Leave the ciphertext where it is."""
        return super().get_queryset(request).defer("blob")


@admin.register(WorkspaceKey)
class WorkspaceKeyAdmin(ReadOnlyAdmin):
    """That a data key exists, and which master key wraps it."""

    list_display = fields = ("workspace", "version", "master_version")
    list_filter = ("master_version",)
    list_select_related = ("workspace",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[WorkspaceKey]:
        """Leave the wrapped key where it is."""
        return super().get_queryset(request).defer("wrapped")


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what."""

    list_display = ("at", "workspace", "sequence", "actor", "action", "subject")
    list_select_related = ("workspace",)
    search_fields = ("actor", "action", "subject")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ReadOnlyAdmin):
    """What is to leave, and what could not. The text is the tenant's."""

    list_display = fields = (
        "workspace",
        "channel",
        "created_at",
        "attempts",
        "next_attempt_at",
        "sent_at",
        "error",
    )
    list_filter = ("channel",)
    list_select_related = ("workspace",)


@admin.register(OperatorRead)
class OperatorReadAdmin(ReadOnlyAdmin):
    """Who looked."""

    list_display = ("at", "operator", "model", "path")
    search_fields = ("operator", "model")
