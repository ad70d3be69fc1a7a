"""Adding to a position by hand, and taking from it."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from accounts.api.access import actor_of
from ailona.kit.api import ERRORS, Conflict
from bots.api.serializers import AddIn, BotOut, ReduceIn
from bots.models import Bot
from bots.services import by_hand

PERCENT_PPM = 10_000


class AddByHand(APIView):
    """Adding to a position."""

    @extend_schema(request=AddIn, responses={202: BotOut, **ERRORS}, operation_id="positions_add")
    def post(self, request: Request, code: str, symbol: str) -> Response:
        """Buy into the trade's direction at the market, if every risk gate lets it: a refusal is a conflict."""
        bot = get_for(Bot.objects.select_related("account"), code)
        body = AddIn(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        try:
            by_hand.add(bot, symbol, data["quote"], key=data["key"], actor=actor_of(request))
        except by_hand.Refused as error:
            raise Conflict(str(error)) from error
        return Response(BotOut(bot).data, status=status.HTTP_202_ACCEPTED)


class ReduceByHand(APIView):
    """Taking from a position."""

    @extend_schema(request=ReduceIn, responses={202: BotOut, **ERRORS}, operation_id="positions_reduce")
    def post(self, request: Request, code: str, symbol: str) -> Response:
        """Close a share at the market; stop and targets follow what is left."""
        bot = get_for(Bot.objects.select_related("account"), code)
        body = ReduceIn(data=request.data)
        body.is_valid(raise_exception=True)
        data = body.validated_data
        share_ppm = data["percent"] * PERCENT_PPM
        by_hand.reduce(bot, symbol, share_ppm, key=data["key"], actor=actor_of(request))
        return Response(BotOut(bot).data, status=status.HTTP_202_ACCEPTED)
