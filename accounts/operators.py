"""The ground of the operators' admin: it reads every workspace, changes none, and writes down that it looked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from accounts.models import OperatorRead, User
from ailona.kit.tenancy import across_workspaces


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Rows to look at: on PostgreSQL through the role ``ailona_ops``, which can't see ciphertext."""

    ordering: ClassVar[Any] = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is added here: services do that."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is changed here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted here."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Operators see all."""
        return is_operator(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Operators see all."""
        return is_operator(request.user)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read through the operators' own database alias."""
        return super().get_queryset(request).using(settings.OPS_DATABASE)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show a list."""
        return self._looking(
            request, lambda: super(ReadOnlyAdmin, self).changelist_view(request, extra_context)
        )

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show a row."""
        view = super().changeform_view
        return self._looking(request, lambda: view(request, object_id, form_url, extra_context))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show what operators did to a row."""
        return self._looking(
            request, lambda: super(ReadOnlyAdmin, self).history_view(request, object_id, extra_context)
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Refuse, before the row is looked for."""
        raise PermissionDenied

    def _looking(self, request: HttpRequest, view: Callable[[], HttpResponse]) -> HttpResponse:
        """Answer, rendered too, while looking across; what can't be written down is not shown."""
        with across_workspaces("admin", using=settings.OPS_DATABASE):
            self._write_down(request)
            response = view()
            if isinstance(response, TemplateResponse):
                response.render()
        return response

    def _write_down(self, request: HttpRequest) -> None:
        if not isinstance(request.user, User):
            return
        OperatorRead.objects.using(settings.OPS_DATABASE).create(
            operator=request.user.email, model=self.model._meta.label, path=request.get_full_path()[:300]
        )


def is_operator(user: User | AnonymousUser) -> bool:
    """Return whether this is a member of staff who may look into workspaces."""
    return user.is_active and user.is_staff and user.is_superuser
