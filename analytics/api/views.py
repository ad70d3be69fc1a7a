"""The API of live figures."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import get_for
from ailona.kit.api import ERRORS
from analytics.api.serializers import AnalyticsIn, AnalyticsOut
from analytics.services.live import live_figures
from bots.models import Bot


class Analytics(APIView):
    """How bots really did."""

    @extend_schema(
        parameters=[AnalyticsIn], responses={200: AnalyticsOut, **ERRORS}, operation_id="analytics"
    )
    def get(self, request: Request) -> Response:
        """Look at the last days of one bot, or of all."""
        asked = AnalyticsIn(data=request.query_params.dict())
        asked.is_valid(raise_exception=True)
        rows = Bot.objects.select_related("account").order_by("pk")
        code = asked.validated_data.get("bot")
        bots = list(rows) if code is None else [get_for(rows, code)]
        workspace = request._request.workspace  # type: ignore[attr-defined]  # noqa: SLF001 - as for the role
        live = live_figures(bots, days=int(asked.validated_data["days"]), zone=workspace.timezone)
        report = live.report
        told = {
            name: getattr(live, name) for name in ("since_ms", "until_ms", "zone", "cut", "curve", "days")
        }
        told["metrics"] = {name: one.as_data() for name, one in report.metrics.items()} if report else {}
        told["breakdown"] = report.breakdown if report else {}
        return Response(AnalyticsOut(told).data)
