"""The API of the market: every followed symbol at its last close, and one with its regimes."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from ailona.kit.api import ERRORS
from bots.api.serializers_market import OverviewOut, SymbolMarketOut
from bots.models import FeedStatus
from bots.services.feed_config import LINEAR
from bots.services.regimes import market_overview, symbol_history, symbol_overview
from trading_core.errors import InvalidInput

_SOURCE = OpenApiParameter(
    "source", str, description="The market, such as `bybit`; the first one heard of where it isn't given."
)


def _source(request: Request) -> str:
    """The market asked for; raises ``InvalidInput`` for one that was never heard of."""
    sources = list(FeedStatus.objects.order_by("source").values_list("source", flat=True))
    wanted = request.query_params.get("source", sources[0] if sources else "")
    if wanted and wanted not in sources:
        raise InvalidInput("source", f"expected one of {', '.join(sources) or 'none yet'}")
    return wanted


class Market(APIView):
    """A market."""

    @extend_schema(
        parameters=[_SOURCE], responses={200: OverviewOut(many=True), **ERRORS}, operation_id="market_list"
    )
    def get(self, request: Request) -> Response:
        """Every followed symbol by name, at the last close that was heard."""
        return Response(OverviewOut(market_overview(_source(request), LINEAR), many=True).data)


class SymbolMarket(APIView):
    """One symbol of a market."""

    @extend_schema(
        parameters=[_SOURCE], responses={200: SymbolMarketOut, **ERRORS}, operation_id="market_symbol"
    )
    def get(self, request: Request, symbol: str) -> Response:
        """Its figures, and the last 15-minute candles with the regime at each close."""
        source = _source(request)
        overview = symbol_overview(symbol, source, LINEAR)
        if overview is None:
            raise Http404("no such symbol is followed")
        history = symbol_history(symbol, source, LINEAR)
        return Response(SymbolMarketOut({"now": overview, "history": history}).data)
