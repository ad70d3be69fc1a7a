"""The API of previews: rules over stored candles."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from ailona.kit.api import ERRORS
from ailona.kit.fields import MsField
from bots.pages.newbot import source, symbols
from bots.services.preview import DAYS_MAX, Place, Tally, preview
from conditions.selectors import rule_sets
from conditions.services.reading import read_draft, valid
from trading_core.market.timeframe import Timeframe
from trading_core.rules.text import condition_text


class PreviewIn(serializers.Serializer[Any]):
    """Where and how far back."""

    symbol = serializers.RegexField(r"\A[A-Z0-9]{2,30}\Z", required=False)
    timeframe = serializers.ChoiceField([one.value for one in Timeframe], default="1m")
    days = serializers.IntegerField(min_value=1, max_value=DAYS_MAX, default=7)
    source = serializers.RegexField(r"\A[a-z][a-z0-9_]{0,19}\Z", required=False)  # type: ignore[assignment]  # DRF takes declared fields off the class


class TallyOut(serializers.Serializer[Any]):
    """How often something was true."""

    name = serializers.CharField(help_text="The tree, or the condition's text.")
    true = serializers.IntegerField(help_text="Closes.")
    unknown = serializers.IntegerField(help_text="Closes.")
    starts = serializers.ListField(child=MsField(), help_text="Closes at which it became true.")


class PreviewOut(serializers.Serializer[Any]):
    """Rules over a stretch of the stored past."""

    source = serializers.CharField()  # type: ignore[assignment]  # as above
    symbol = serializers.CharField()
    timeframe = serializers.CharField()
    closes = serializers.IntegerField()
    first_close = MsField(allow_null=True)
    last_close = MsField(allow_null=True)
    trees = TallyOut(many=True)
    conditions = TallyOut(many=True)


class Preview(APIView):
    """Previews."""

    @extend_schema(
        parameters=[
            OpenApiParameter("symbol", str, description="Default the market's first."),
            OpenApiParameter("timeframe", str),
            OpenApiParameter("days", int),
            OpenApiParameter("source", str, description="The market; default the one that runs."),
        ],
        responses={200: PreviewOut, **ERRORS},
        operation_id="rule_sets_preview",
    )
    def get(self, request: Request, code: str) -> Response:
        """How often the draft, its trees and conditions, would have been true."""
        row = get_for(rule_sets(), code)
        asked = PreviewIn(data=request.query_params)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        rules = valid(read_draft(row.draft)).rules
        assert rules is not None
        market = data.get("source") or source()
        symbol = data.get("symbol") or next(iter(symbols(market)), "")
        place = Place(market, "linear", symbol, Timeframe(data["timeframe"]))
        seen = preview(rules, place, days=data["days"])
        told = {
            "source": place.source,
            "symbol": place.symbol,
            "timeframe": place.timeframe.value,
            "closes": seen.closes,
            "first_close": int(seen.close_ms[0]) if seen.closes else None,
            "last_close": int(seen.close_ms[-1]) if seen.closes else None,
            "trees": [_tally(name, tally) for name, tally in seen.trees.items()],
            "conditions": [
                _tally(condition_text(condition), tally)
                for condition, tally in zip(rules.conditions, seen.conditions, strict=True)
            ],
        }
        return Response(PreviewOut(told).data)


def _tally(name: str, tally: Tally) -> dict[str, Any]:
    return {"name": name, "true": tally.true, "unknown": tally.unknown, "starts": tally.starts.tolist()}
