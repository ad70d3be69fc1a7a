"""The API of preflight: the worst case of a document, or of a bot, and the refusal to start."""

from __future__ import annotations

from collections.abc import Mapping

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.models import Role
from ailona.kit.api import ERRORS, refusal
from bots.api.serializers_preflight import PreflightIn, PreflightOut, UnsafeOut
from bots.models import Bot
from bots.services.preflight import Means, PlanUnsafe, preflight_bot, preflight_document
from conditions.selectors import resolved
from trading_core.engine.document import parse_document
from trading_core.engine.preflight import as_data
from trading_core.errors import DocumentInvalid

MAY_BE_UNSAFE: Mapping[int, OpenApiResponse] = {
    **ERRORS,
    409: OpenApiResponse(UnsafeOut, "Its state does not allow this, or its worst case does not."),
}


def unsafe(error: PlanUnsafe) -> Response:
    """The answer to a start that preflight refuses: every refusal, and the table."""
    fields = [{"path": finding.symbol or "plan", "reason": finding.text} for finding in error.result.refused]
    body = {"code": "unsafe_plan", "message": error.reason, "fields": fields}
    return Response({**body, "preflight": as_data(error.result)}, status=status.HTTP_409_CONFLICT)


class DocumentPreflight(APIView):
    """Preflight before there is a bot."""

    @extend_schema(
        request=PreflightIn, responses={200: PreflightOut, **ERRORS}, operation_id="preflight_document"
    )
    def post(self, request: Request) -> Response:
        """Judge a document at the newest closes; nothing is stored."""
        body = PreflightIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        try:
            document = parse_document(asked["document"], resolve=resolved)
        except DocumentInvalid as error:
            raise refusal(error, prefix="document") from error
        equity = asked.get("equity")
        means = None if equity is None else Means(equity, equity)
        return Response(PreflightOut(as_data(preflight_document(document, means))).data)


class BotPreflight(APIView):
    """Preflight of a bot on its account."""

    writer = Role.VIEWER

    @extend_schema(request=None, responses={200: PreflightOut, **ERRORS}, operation_id="preflight_bot")
    def post(self, request: Request, code: str) -> Response:
        """Judge it with what its account has now; nothing is changed."""
        bot = get_for(Bot.objects.select_related("account"), code)
        return Response(PreflightOut(as_data(preflight_bot(bot))).data)
