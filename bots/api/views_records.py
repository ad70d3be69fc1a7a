"""The API of what bots did: orders, executions, positions."""

from __future__ import annotations

from collections.abc import Iterable

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from accounts.api.serializers import AccountOut, ResetIn
from accounts.models import Role
from accounts.selectors import exchange_accounts
from accounts.services import reset_paper_account, revoke_exchange_account
from ailona.kit.api import ERRORS, Conflict, NewestFirst
from bots.api.serializers import ExecutionOut, OrderOut, PositionOut
from bots.api.shapes import execution_shape, order_shape, versions_of
from bots.api.views import bots
from bots.models import PositionRow
from bots.pages.holdings import holdings
from bots.states import ACTIVE
from trading_core.errors import InvalidInput

_SYMBOL = OpenApiParameter("symbol", str, description="Only this symbol.")
_STATE = OpenApiParameter("state", str, description="Only this state, such as `accepted`.")


def _filters(request: Request, **names: str) -> dict[str, str]:
    """Query parameters as filters; those not given are left out."""
    for name in names:
        if "\x00" in request.query_params.get(name, ""):
            raise InvalidInput(name, "expected text without NUL characters")
    return {
        field: request.query_params[name][:40]
        for name, field in names.items()
        if name in request.query_params
    }


class Orders(APIView):
    """A bot's orders."""

    pagination_class = NewestFirst

    @extend_schema(
        parameters=[_SYMBOL, _STATE],
        responses={200: OrderOut(many=True), **ERRORS},
        operation_id="bots_orders",
    )
    def get(self, request: Request, code: str) -> Response:
        """Newest first."""
        bot = get_for(bots(), code)
        pages = self.pagination_class()
        filters = _filters(request, symbol="symbol", state="state")
        rows = pages.paginate_queryset(bot.orders.filter(**filters), request, view=self) or []
        versions = versions_of(bot, rows)
        return pages.get_paginated_response(
            OrderOut([order_shape(row, versions) for row in rows], many=True).data
        )


class Executions(APIView):
    """A bot's executions."""

    pagination_class = NewestFirst

    @extend_schema(
        parameters=[_SYMBOL],
        responses={200: ExecutionOut(many=True), **ERRORS},
        operation_id="bots_executions",
    )
    def get(self, request: Request, code: str) -> Response:
        """Newest first."""
        bot = get_for(bots(), code)
        pages = self.pagination_class()
        filters = _filters(request, symbol="symbol")
        rows = pages.paginate_queryset(bot.executions.filter(**filters), request, view=self) or []
        versions = versions_of(bot, rows)
        return pages.get_paginated_response(
            ExecutionOut([execution_shape(row, versions) for row in rows], many=True).data
        )


class Positions(APIView):
    """Open positions of the workspace."""

    @extend_schema(responses={200: PositionOut(many=True), **ERRORS}, operation_id="positions_list")
    def get(self, request: Request) -> Response:
        """All of them, with what they would gain at the last close."""
        rows = PositionRow.objects.exclude(lots=0).select_related("bot").order_by("pk")
        return Response(PositionOut(holdings(rows), many=True).data)


class ResetAccount(APIView):
    """Starting a paper account again."""

    @extend_schema(
        request=ResetIn, responses={200: AccountOut, **ERRORS}, operation_id="exchange_accounts_reset"
    )
    def post(self, request: Request, code: str) -> Response:
        """Open a fresh venue account behind it; its bots must be stopped."""
        account = get_for(exchange_accounts(), code)
        body = ResetIn(data=request.data)
        body.is_valid(raise_exception=True)
        _check_idle(account.bots.filter(state__in=ACTIVE).values_list("name", flat=True))
        reset_paper_account(account, balance=body.validated_data.get("balance"), actor=actor_of(request))
        return Response(AccountOut(account).data)


class RevokeAccount(APIView):
    """Giving an account up."""

    writer = Role.OWNER

    @extend_schema(
        request=None, responses={200: AccountOut, **ERRORS}, operation_id="exchange_accounts_revoke"
    )
    def post(self, request: Request, code: str) -> Response:
        """Destroy its key and use it no more; its bots must be stopped."""
        account = get_for(exchange_accounts(), code)
        _check_idle(account.bots.filter(state__in=ACTIVE).values_list("name", flat=True))
        return Response(AccountOut(revoke_exchange_account(account, actor=actor_of(request))).data)


def _check_idle(busy: Iterable[str]) -> None:
    names = list(busy)
    if names:
        raise Conflict(f"stop {', '.join(names)} first")
