"""What pages, API and other apps ask about rule-sets."""

from __future__ import annotations

from typing import Any

from django.db.models import Max, OuterRef, Q, QuerySet, Subquery

from conditions.models import RuleSet, RuleSetVersion
from trading_core.errors import DocumentInvalid, RulesInvalid
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Indicator
from trading_core.market.timeframe import Timeframe
from trading_core.rules.limits import MAX_DEPTH, MAX_LOOKBACK, MAX_NODES
from trading_core.rules.model import PRICE_FIELDS, SCHEMA, TREES, Arithmetic
from trading_core.rules.operators import OPERATORS

TREE_LABELS = {
    "long": "Enter long",
    "short": "Enter short",
    "exit_long": "Exit long",
    "exit_short": "Exit short",
    "average_long": "Average a long",
    "average_short": "Average a short",
}


PINNABLE_MAX = 30


def rule_sets(*, archived: bool | None = None) -> QuerySet[RuleSet]:
    """The workspace's rule-sets, newest change first, each with ``latest_number`` (None: no version).

    ``archived`` asks for those that are, or are not, out of the way; None for all.
    """
    rows = RuleSet.objects.annotate(latest_number=Max("versions__number")).order_by("-updated_at", "pk")
    return rows if archived is None else rows.filter(archived_at__isnull=not archived)


def rule_set(code: str) -> RuleSet:
    """The workspace's rule-set of that code; raise RuleSet.DoesNotExist."""
    return RuleSet.objects.get(code=code)


def latest_version(of: RuleSet) -> RuleSetVersion | None:
    """The version published last, or None."""
    return RuleSetVersion.objects.filter(rule_set=of).order_by("number").last()


def pinnable(asked: str = "") -> list[RuleSetVersion]:
    """Versions a new bot may be made with, newest first: the latest of each rule-set that isn't archived.

    The version with the code ``asked`` is among them, whatever its number.
    """
    latest = RuleSetVersion.objects.filter(rule_set=OuterRef("rule_set"), rule_set__archived_at=None)
    newest = latest.order_by("-number").values("pk")[:1]
    rows = RuleSetVersion.objects.filter(Q(pk=Subquery(newest)) | Q(code=asked if asked.isalnum() else ""))
    return list(rows.select_related("rule_set").order_by("-published_at", "-pk")[:PINNABLE_MAX])


def version_of(of: RuleSet, number: int) -> RuleSetVersion | None:
    """The version with that number, or None."""
    return RuleSetVersion.objects.filter(rule_set=of, number=number).select_related("rule_set").first()


def resolve(code: str) -> dict[str, Any]:
    """The canonical document of a version of the workspace; raise RulesInvalid if there is none."""
    found = RuleSetVersion.objects.filter(code=code).values_list("document", flat=True).first()
    if found is None:
        raise RulesInvalid("version", f"no version {code!r:.20} in this workspace")
    return dict(found)


def resolved(code: str) -> dict[str, Any]:
    """As ``resolve``, for the parser of bot documents: raise DocumentInvalid at the place of the version."""
    try:
        return resolve(code)
    except RulesInvalid as error:
        raise DocumentInvalid("rules.version", error.reason) from error


def editor_catalog() -> dict[str, Any]:
    """All an editor offers, as plain data: indicators, operators, fields, bounds."""
    return {
        "schema": SCHEMA,
        "trees": [{"name": name, "label": TREE_LABELS[name]} for name in TREES],
        "timeframes": [timeframe.value for timeframe in Timeframe],
        "prices": list(PRICE_FIELDS),
        "arithmetic": [operation.value for operation in Arithmetic],
        "operators": [
            {"name": o.name, "form": o.form.value, "label": o.label, "meaning": o.meaning}
            for o in OPERATORS.values()
        ],
        "indicators": [_indicator(indicator) for indicator in CATALOG.values()],
        "bounds": {"depth": MAX_DEPTH, "nodes": MAX_NODES, "lookback": MAX_LOOKBACK},
    }


def _indicator(indicator: Indicator) -> dict[str, Any]:
    chart = indicator.chart
    return {
        "name": indicator.name,
        "label": indicator.label,
        "family": indicator.family.value,
        "takes_source": indicator.inputs == (SOURCE,),
        "outputs": list(indicator.outputs),
        "convention": indicator.convention,
        "chart": {
            "pane": chart.pane.value,
            "low": chart.low,
            "high": chart.high,
            "guides": list(chart.guides),
        },
        "params": [
            {
                "name": name,
                "label": param.label,
                "default": param.default,
                "low": param.low,
                "high": param.high,
                "whole": param.whole,
            }
            for name, param in indicator.params.items()
        ],
    }
