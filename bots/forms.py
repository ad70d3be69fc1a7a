"""The form that makes a bot from a template, and the words of its controls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms

from trading_core.engine.plan_schema import LEGS_MAX
from trading_core.errors import DocumentInvalid
from trading_core.market.timeframe import Timeframe
from trading_core.money import plain

_BASES = (("entry", "entry price"), ("average", "average price"))
_PATHS: Mapping[str, str] = {
    "name": "name",
    "universe": "symbols",
    "timeframe": "timeframe",
    "plan.size": "size_quote",
    "plan.averaging.legs": "legs",
    "plan.averaging.deviation_pct": "leg_deviation_pct",
    "plan.averaging.step_scale": "leg_step_scale",
    "plan.averaging.quote": "leg_quote",
    "plan.averaging.volume_scale": "leg_volume_scale",
    "plan.averaging.resting": "leg_resting",
    "plan.averaging": "legs",
    "plan.take_profit": "take_profit_pct",
    "plan.stop": "stop_pct",
    "plan.exits": "time_stop_minutes",
    "risk.leverage": "leverage",
    "risk.max_open_positions": "max_open_positions",
    "risk.max_position_quote": "max_position_quote",
    "risk.cooldown_candles": "cooldown_candles",
    "wallet": "paper_balance",
}


def _decimal(low: str, high: str, places: int, initial: str, **options: Any) -> forms.DecimalField:
    return forms.DecimalField(
        min_value=Decimal(low), max_value=Decimal(high), decimal_places=places, max_digits=16, initial=initial,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}), **options,
    )  # fmt: skip


def _whole(low: int, high: int, initial: int, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(
        min_value=low, max_value=high, initial=initial,
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}), **options,
    )  # fmt: skip


class BotForm(forms.Form):
    """A bot on paper, from a template of rules."""

    template = forms.ChoiceField(label="Rules", widget=forms.RadioSelect)
    name = forms.CharField(max_length=80, widget=forms.TextInput(attrs={"placeholder": "Dip buyer"}))
    symbols = forms.MultipleChoiceField(label="Symbols", widget=forms.CheckboxSelectMultiple)
    timeframe = forms.ChoiceField(choices=[(t.value, t.value) for t in Timeframe], initial="1m")

    size_quote = _decimal("1", "1000000000", 8, "200", label="Entry size")
    leverage = _decimal("1", "25", 2, "2", label="Leverage")
    max_open_positions = _whole(1, 20, 3, label="Positions at once")
    max_position_quote = _decimal(
        "1", "1000000000", 8, "5000", label="Largest position", help_text="Entry and legs together."
    )
    cooldown_candles = _whole(0, 10_000, 1, label="Cooldown", help_text="Candles to wait after a trade.")

    stop_pct = _decimal(
        "0.1", "50", 4, "4", label="Protective stop", help_text="Always on; moves with the position."
    )
    stop_base = forms.ChoiceField(label="Stop measured from", choices=_BASES)
    take_profit_pct = _decimal("0.01", "90", 4, "1", label="Take profit", required=False)
    take_profit_base = forms.ChoiceField(
        label="Target measured from", choices=_BASES, initial="average", required=False
    )
    time_stop_minutes = _whole(
        1, 525_600, 240, label="Time stop", required=False, help_text="Close after this long."
    )

    averaging = forms.BooleanField(label="Average down with a ladder of limit orders", required=False)
    legs = _whole(1, LEGS_MAX, 3, label="Legs", required=False)
    leg_deviation_pct = _decimal("0.01", "50", 4, "0.8", label="First leg at", required=False)
    leg_step_scale = _decimal("0.5", "5", 4, "1.2", label="Each step longer by", required=False)
    leg_quote = _decimal("1", "1000000000", 8, "200", label="First leg's size", required=False)
    leg_volume_scale = _decimal("0.5", "3", 4, "1.5", label="Each leg larger by", required=False)
    leg_resting = _whole(1, 10, 2, label="Legs standing at once", required=False)

    paper_balance = _decimal("10", "1000000000", 2, "10000", label="Paper balance")

    def __init__(
        self, *args: Any, templates: Sequence[tuple[str, str]], symbols: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].choices = templates  # type: ignore[attr-defined]
        self.fields["symbols"].choices = [(symbol, symbol) for symbol in symbols]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask for the ladder's numbers only when there is a ladder."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("averaging"):
            for name in (
                "legs",
                "leg_deviation_pct",
                "leg_step_scale",
                "leg_quote",
                "leg_volume_scale",
                "leg_resting",
            ):
                if data.get(name) is None and name not in self.errors:
                    self.add_error(name, "Needed for a ladder.")
        return data

    def document(self, *, source: str, rules: Mapping[str, Any]) -> dict[str, Any]:
        """Return the bot document of a valid form."""
        data = self.cleaned_data
        return {
            "schema": 1,
            "name": data["name"],
            "market": {"source": source, "category": "linear"},
            "universe": {"symbols": data["symbols"]},
            "timeframe": data["timeframe"],
            "rules": {"inline": dict(rules), "son": False},
            "plan": self._plan(),
            "risk": {
                "leverage": plain(data["leverage"]),
                "max_open_positions": data["max_open_positions"],
                "max_position_quote": plain(data["max_position_quote"]),
                "cooldown_candles": data["cooldown_candles"],
            },
            "wallet": {"balance": plain(data["paper_balance"])},
        }

    def _plan(self) -> dict[str, Any]:
        data = self.cleaned_data
        target = data["take_profit_pct"]
        return {
            "entry": {"type": "market"},
            "size": {"mode": "quote", "quote": plain(data["size_quote"])},
            "averaging": self._averaging() if data["averaging"] else None,
            "take_profit": None
            if target is None
            else {"pct": plain(target), "base": data["take_profit_base"] or "average"},
            "stop": {"pct": plain(data["stop_pct"]), "base": data["stop_base"]},
            "exits": {"time_stop_minutes": data["time_stop_minutes"], "on_rule": True},
        }

    def _averaging(self) -> dict[str, Any]:
        data = self.cleaned_data
        return {
            "legs": data["legs"],
            "deviation_pct": plain(data["leg_deviation_pct"]),
            "step_scale": plain(data["leg_step_scale"]),
            "quote": plain(data["leg_quote"]),
            "volume_scale": plain(data["leg_volume_scale"]),
            "resting": data["leg_resting"],
        }

    def refuse(self, error: DocumentInvalid) -> None:
        """Show what the document's parser objects to beside the field it concerns."""
        self.add_error(field_of(error.path), f"{error.reason[:1].upper()}{error.reason[1:]}.")


def field_of(path: str) -> str | None:
    """The form field of a place in the document; None when it has none."""
    while path:
        if path in _PATHS:
            return _PATHS[path]
        path = path.rpartition(".")[0]
    return None
