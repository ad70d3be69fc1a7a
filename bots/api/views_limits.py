"""The API of limits and locks."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from accounts.models import ExchangeAccount, Role
from accounts.selectors import exchange_accounts
from ailona.kit.api import ERRORS, Conflict
from bots.api.serializers_limits import LadderOut, LimitsIn, LockIn, LockOut
from bots.api.views import bots
from bots.models import RiskLock
from bots.services.limits import Loosening, change_limits, ladder, locks_in_force
from bots.services.locks import NoSuchLock, lift_lock, set_lock
from bots.services.market import workspace_ms
from trading_core.errors import DocumentInvalid, InvalidInput
from trading_core.market.timeframe import MINUTE_MS


class Limits(APIView):
    """The risk ladder of the workspace."""

    @extend_schema(responses={200: LadderOut, **ERRORS}, operation_id="limits")
    def get(self, request: Request) -> Response:
        """Every rung with its limits and figures."""
        return Response(LadderOut(ladder()).data)


class WorkspaceLimits(APIView):
    """The workspace's limits."""

    writer = Role.OWNER

    @extend_schema(request=LimitsIn, responses={200: LadderOut, **ERRORS}, operation_id="limits_workspace")
    def put(self, request: Request) -> Response:
        """Replace them; allowing more than before needs `confirm`."""
        return _change(request, None)


class AccountLimits(APIView):
    """An account's limits."""

    writer = Role.OWNER

    @extend_schema(request=LimitsIn, responses={200: LadderOut, **ERRORS}, operation_id="limits_account")
    def put(self, request: Request, code: str) -> Response:
        """Replace them; allowing more than before needs `confirm`."""
        return _change(request, get_for(exchange_accounts(), code))


def _change(request: Request, account: ExchangeAccount | None) -> Response:
    body = LimitsIn(data=request.data)
    body.is_valid(raise_exception=True)
    data = body.validated_data
    try:
        change_limits(data["limits"], account=account, confirmed=data["confirm"], actor=actor_of(request))
    except Loosening as error:
        raise Conflict(error.reason) from error
    except DocumentInvalid as error:
        raise DocumentInvalid(f"limits.{error.path}".rstrip("."), error.reason) from error
    return Response(LadderOut(ladder()).data)


class Locks(APIView):
    """Locks of the workspace."""

    @extend_schema(responses={200: LockOut(many=True), **ERRORS}, operation_id="locks")
    def get(self, request: Request) -> Response:
        """Those in force, the newest first."""
        return Response(LockOut(locks_in_force(workspace_ms()), many=True).data)

    @extend_schema(request=LockIn, responses={201: LockOut, **ERRORS}, operation_id="locks_set")
    def post(self, request: Request) -> Response:
        """Set one; it holds at once."""
        body = LockIn(data=request.data)
        body.is_valid(raise_exception=True)
        data, now_ms = body.validated_data, workspace_ms()
        if data["bot"] and data["account"]:
            raise InvalidInput("account", "expected a bot or an account, not both")
        row = set_lock(
            what=data["what"],
            reason=data["reason"],
            now_ms=now_ms,
            until_ms=None if data["minutes"] is None else now_ms + data["minutes"] * MINUTE_MS,
            bot=get_for(bots(), data["bot"]) if data["bot"] else None,
            account=get_for(exchange_accounts(), data["account"]) if data["account"] else None,
            symbol=data["symbol"],
            actor=actor_of(request),
        )
        return Response(LockOut(row).data, status=status.HTTP_201_CREATED)


class LiftLock(APIView):
    """The end of a lock."""

    @extend_schema(request=None, responses={200: LockOut, **ERRORS}, operation_id="locks_lift")
    def post(self, request: Request, code: str) -> Response:
        """Lift it; a loss that set it doesn't set it again before the next day, or a new peak."""
        row = get_for(RiskLock.objects.select_related("account", "bot"), code)
        try:
            return Response(LockOut(lift_lock(row, actor=actor_of(request))).data)
        except NoSuchLock as error:
            raise Conflict(error.reason) from error
