"""The API of what bots decided and why, and of what they would have decided."""

from __future__ import annotations

from django.http import Http404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from ailona.kit.api import ERRORS
from bots.api.journal_pages import Cursor, filters_of, journal_page, page_size, paged
from bots.api.serializers import DecisionOut
from bots.api.shapes import decision_shape
from bots.api.views import bots
from bots.services.explaining import explain_decision
from bots.services.journal import decision

_SYMBOL = OpenApiParameter("symbol", str, description="Only this symbol.")
_OUTCOME = OpenApiParameter(
    "outcome", str, description="Only these outcomes, such as `no_signal` or `entered,cooldown`."
)
_FROM = OpenApiParameter("from", str, description="First close: UTC ISO, or milliseconds.")
_TO = OpenApiParameter("to", str, description="Last close: UTC ISO, or milliseconds.")
_CURSOR = OpenApiParameter("cursor", str, description="From `next` or `previous`.")
_LIMIT = OpenApiParameter("limit", int, description="Decisions of a page, 500 at most.")


class Decisions(APIView):
    """What a bot decided."""

    @extend_schema(
        parameters=[_SYMBOL, _OUTCOME, _FROM, _TO, _CURSOR, _LIMIT],
        responses={200: DecisionOut(many=True), **ERRORS},
        operation_id="bots_decisions",
    )
    def get(self, request: Request, code: str) -> Response:
        """One per symbol and close, newest first."""
        bot, wanted = get_for(bots(), code), filters_of(request)
        text = request.query_params.get("cursor")
        cursor = Cursor.of(text) if text else None
        page = journal_page(bot, wanted, cursor, page_size(request))
        shapes = [decision_shape(row) for row in page.decisions]
        return paged(request, page, DecisionOut(shapes, many=True).data)


class Explanation(APIView):
    """Why."""

    @extend_schema(responses={200: OpenApiTypes.OBJECT, **ERRORS}, operation_id="bots_decision_explain")
    def get(self, request: Request, code: str, symbol: str, close_ms: int) -> Response:
        """One decision with every condition's numbers, recomputed from the stored candles.

        `differs` names every condition whose recomputed answer is not the recorded one.
        """
        bot = get_for(bots(), code)
        found = decision(bot, symbol, close_ms) if close_ms < 1 << 62 else None
        if found is None:
            raise Http404("no decision of that symbol and close")
        explained = explain_decision(bot, found)
        shape = DecisionOut(decision_shape(found)).data
        return Response({"decision": shape, "explanation": explained.as_data()})
