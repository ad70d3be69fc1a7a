"""The API of what kept a bot from trading, and of what it would have done with other rules."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from ailona.kit.api import ERRORS
from bots.api.journal_pages import filters_of
from bots.api.serializers_studies import BlockersOut, StudyIn, StudyOut
from bots.api.views import bots
from bots.models import Bot, Study
from bots.services.blockers import blocker_report
from bots.services.whatif import cancel_study, start_what_if
from trading_core.errors import InvalidInput
from trading_core.market.timeframe import Timeframe

DAYS = 7
DAYS_MAX = 90
_SYMBOL = OpenApiParameter("symbol", str, description="Only this symbol.")
_FROM = OpenApiParameter("from", str, description=f"First close; without it, {DAYS} days before the last.")
_TO = OpenApiParameter("to", str, description="Last close; without it, the bot's newest.")


class Blockers(APIView):
    """What kept a bot from trading."""

    @extend_schema(
        parameters=[_SYMBOL, _FROM, _TO],
        responses={200: BlockersOut, **ERRORS},
        operation_id="bots_blockers",
    )
    def get(self, request: Request, code: str) -> Response:
        """Count false, unknown and sole-blocking conditions, with the nearest misses; 90 days at most."""
        bot, wanted = get_for(bots(), code), filters_of(request)
        last = wanted.to_ms if wanted.to_ms is not None else bot.done
        first = wanted.from_ms if wanted.from_ms is not None else max(0, last - DAYS * Timeframe.D1.ms)
        if not 0 <= last - first <= DAYS_MAX * Timeframe.D1.ms:
            raise InvalidInput(
                "from", f"expected a period of at most {DAYS_MAX} days that ends after it begins"
            )
        found = blocker_report(bot, symbol=wanted.symbol, from_ms=first, to_ms=last)
        return Response(BlockersOut(found).data)


class WhatIfs(APIView):
    """Asking what a bot would have done with other rules."""

    @extend_schema(request=StudyIn, responses={201: StudyOut, **ERRORS}, operation_id="bots_what_if_start")
    def post(self, request: Request, code: str) -> Response:
        """Start a counterfactual; look at it again until it is `done`."""
        bot = get_for(bots(), code)
        body = StudyIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        made = start_what_if(bot, asked["change"], asked["days"], actor=actor_of(request))
        return Response(StudyOut(made).data, status=status.HTTP_201_CREATED)


class WhatIf(APIView):
    """One counterfactual."""

    @extend_schema(responses={200: StudyOut, **ERRORS}, operation_id="bots_what_if")
    def get(self, request: Request, code: str, study: str) -> Response:
        """How far it is, and its result once it is done."""
        return Response(StudyOut(get_for(_studies(get_for(bots(), code)), study)).data)

    @extend_schema(request=None, responses={200: StudyOut, **ERRORS}, operation_id="bots_what_if_cancel")
    def delete(self, request: Request, code: str, study: str) -> Response:
        """Cancel it; one that has ended stays as it is."""
        row = get_for(_studies(get_for(bots(), code)), study)
        return Response(StudyOut(cancel_study(row, actor=actor_of(request))).data)


def _studies(bot: Bot) -> QuerySet[Study]:
    return Study.objects.filter(bot=bot).select_related("bot")
