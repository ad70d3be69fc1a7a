"""What the report page shows, in the words and the order of the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trading_core.backtest.bars import Bar
from trading_core.engine.outcome import SENTENCES
from trading_core.performance.definitions import DEFINITIONS, GROUPS, Definition

Result = Mapping[str, Any]

_HEADLINES = (
    ("net_profit", "net_profit_pct", "{} of the balance"),
    ("max_drawdown_pct", "max_drawdown", "{} USDT"),
    ("sharpe", "sortino", "Sortino {}"),
    ("profit_factor", "expectancy", "{} USDT a trade"),
    ("win_rate_pct", "trades", "of {} trades"),
    ("alpha_pct", "market_change_pct", "market {}"),
    ("fees", "fees_of_gross_profit_pct", "{} of gross"),
    ("exposure_time_pct", "max_exposure_pct", "{} exposed at most"),
)
"""Figures at the top, each with the one below it and how that is said."""

_GAINS = frozenset(
    {
        "net_profit", "net_profit_pct", "total_return_pct", "alpha_pct", "cagr_pct", "expectancy",
        "expectancy_pct", "expectancy_low", "expectancy_high", "expectancy_r", "best_trade", "worst_trade",
        "average_win", "average_loss", "best_day", "worst_day", "best_hour", "worst_hour", "random_net",
        "sharpe", "sortino", "calmar", "sqn", "average_mfe", "average_mae", "worst_mae",
    }
)  # fmt: skip
"""Figures whose sign is good or bad news."""

_WAYS = (
    ("exit_reason", "Exit reason"),
    ("symbol", "Symbol"),
    ("hour", "Hour (UTC)"),
    ("weekday", "Weekday"),
    ("month", "Month"),
    ("legs", "Averaging legs"),
)
_CHECKS = {
    "interval": "Mean trade above 0",
    "probabilistic_sharpe": "Sharpe above 0",
    "random_entries": "Better than chance",
    "fees": "Robust to fees",
    "ambiguous_candles": "Candles are clear",
}
_TENTH, _TWO, _FOUR = Decimal("0.1"), Decimal("0.01"), Decimal("0.0001")


def view_of(result: Result, bars: Mapping[str, Sequence[Bar]]) -> dict[str, Any]:
    """Return the context of the page."""
    meta, metrics = result["meta"], result["metrics"]
    document = meta["bot"]
    return {
        "name": document["name"],
        "meta": meta,
        "market": f"{document['market']['source']} {document['market']['category']}",
        "symbols": document["universe"]["symbols"],
        "timeframe": document["timeframe"],
        "start": _grouped(Decimal(meta["wallet_start"])),
        "minutes": f"{meta['candles']:,}",
        "period": (_minute(meta["from"]), _minute(meta["to"])),
        "headlines": [_headline(metrics, *names) for names in _HEADLINES],
        "badge": _badge(result["badge"]),
        "groups": [(group, _rows(metrics, figures)) for group, figures in GROUPS.items()],
        "ways": [(label, _parts(result["breakdown"][way])) for way, label in _WAYS],
        "drawdowns": [_drawdown(fall) for fall in result["drawdowns"]],
        "left_open": result["left_open"],
        "refused": _refused(result["rejections"]),
        "conditions": [_condition(row) for row in result["rejections"]["conditions"]],
        "fees": document["fees"],
        "charts": _charts(result, bars),
    }


def _headline(metrics: Mapping[str, Any], name: str, below: str, words: str) -> dict[str, Any]:
    return {**figure(name, metrics[name]), "below": words.format(figure(below, metrics[below])["value"])}


def _rows(metrics: Mapping[str, Any], figures: Mapping[str, Definition]) -> list[dict[str, Any]]:
    return [figure(name, metrics[name]) for name in figures]


def figure(name: str, value: Any) -> dict[str, Any]:
    """A figure with its words; a missing one with its reason."""
    definition = DEFINITIONS[name]
    shown = {"label": definition.label, "says": definition.says, "unit": definition.unit, "tone": ""}
    if isinstance(value, Mapping):
        return {**shown, "known": False, "value": "none", "reason": value["reason"]}
    return {**shown, "known": True, "value": _value(value, definition.unit), "tone": _tone(name, value)}


def _value(value: Any, unit: str) -> str:
    if unit == "UTC":
        return str(value).replace("T", " ").removesuffix("Z")
    if unit in ("count", "name"):
        return f"{value:,}" if isinstance(value, int) else str(value)
    if unit in ("minutes", "hours", "days"):
        return f"{Decimal(value).quantize(_TENTH):,}".removesuffix(".0")
    return _grouped(Decimal(value)) + (" %" if unit == "%" else "")


def _tone(name: str, value: Any) -> str:
    if name not in _GAINS or not Decimal(value):
        return ""
    return "gain" if Decimal(value) > 0 else "loss"


def _grouped(value: Decimal) -> str:
    """Two decimals, four of what is less than a tenth; thousands apart, and a true minus sign."""
    rounded = value.quantize(_TWO if abs(value) >= _TENTH else _FOUR)
    return f"{rounded:,}".replace("-", "\N{MINUS SIGN}") if rounded else "0"


def _minute(text: str) -> str:
    return text[:16].replace("T", " ")


def _badge(badge: Mapping[str, Any]) -> dict[str, Any]:
    looks = {
        True: ("holds", "✓", "holds"),
        False: ("fails", "✗", "does not hold"),
        None: ("open", "?", "open"),
    }
    checks = [
        {"name": _CHECKS[check["name"]], "says": check["says"], "look": looks[check["holds"]]}
        for check in badge["checks"]
    ]
    return {**badge, "checks": checks, "held": sum(c["holds"] is True for c in badge["checks"])}


def _parts(parts: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a breakdown with the length of each bar, in percent of the longest."""
    nets = {name: Decimal(part["net"]) for name, part in parts.items()}
    longest = max((abs(net) for net in nets.values()), default=Decimal(0))
    return [
        {
            "name": name.replace("_", " "),
            "trades": part["trades"],
            "win_rate": _grouped(Decimal(part["win_rate_pct"])),
            "net": _grouped(nets[name]),
            "tone": "gain" if nets[name] > 0 else "loss" if nets[name] < 0 else "",
            "bar": round(100 * abs(nets[name]) / longest) if longest else 0,
        }
        for name, part in parts.items()
    ]


def _drawdown(fall: Mapping[str, Any]) -> dict[str, Any]:
    recovered = fall["recovered_at"]
    return {
        "depth": _grouped(Decimal(fall["depth_pct"])),
        "lost": _grouped(Decimal(fall["trough"]) - Decimal(fall["peak"])),
        "peak": _minute(fall["peak_at"]),
        "trough": _minute(fall["trough_at"]),
        "recovered": _minute(recovered) if recovered else "not yet",
    }


def _refused(rejections: Mapping[str, Any]) -> list[dict[str, Any]]:
    closes = rejections["closes"]
    return [
        {
            "code": code.replace("_", " "),
            "count": f"{count:,}",
            "share": f"{100 * count / closes:.1f}",
            "says": SENTENCES.get(code, ""),
        }
        for code, count in rejections["codes"].items()
    ]


def _condition(row: Mapping[str, Any]) -> dict[str, Any]:
    counts = {truth: f"{row[truth]:,}" for truth in ("false", "unknown")}
    return {**row, **counts, "share": f"{float(row['not_true_pct']):.1f}"}


def _charts(result: Result, bars: Mapping[str, Sequence[Bar]]) -> dict[str, Any]:
    """What the page's script draws."""
    return {
        "start": result["meta"]["wallet_start"],
        "equity": [[point["close"], point["wallet"], point["equity"]] for point in result["equity"]],
        "bars": bars,
        "trades": result["trades"],
        "executions": [
            [row["symbol"], row["time"], row["side"], row["price"], row["role"], row["qty"]]
            for row in result["executions"]
        ],
    }
