"""Forms of the page of limits and locks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from accounts.models import ExchangeAccount
from bots.models import Bot
from trading_core.engine.limits_schema import limits_data
from trading_core.errors import InvalidInput
from trading_core.risk.levels import Limits, What

TIERS = ("day_loss", "drawdown")
STEPS = {
    "warn_pct": "Warn at",
    "no_entries_pct": "No entries from",
    "close_only_pct": "Close only from",
    "flatten_pct": "Close everything from",
}
TIMES = "\N{MULTIPLICATION SIGN} equity"
SINGLE = {
    "max_positions": ("Positions at once", ""),
    "gross": ("Gross exposure", TIMES),
    "net": ("Net exposure", TIMES),
    "symbol": ("Exposure in one symbol", TIMES),
    "reserve_pct": ("Kept free of margin", "%"),
}
DURATIONS = (
    ("60", "for an hour"), ("240", "for four hours"), ("1440", "for a day"), ("10080", "for a week"),
    ("", "until somebody lifts it"),
)  # fmt: skip
WHATS = (
    (What.ENTRIES.value, "New trades"),
    (What.AVERAGING.value, "Averaging legs"),
    (What.ALL.value, "Both: only closing goes on"),
    (What.FLATTEN.value, "Both, and close what is held now"),
)


def _number() -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(required=False, max_length=20, widget=widget)


class LimitsForm(forms.Form):
    """The limits of one rung. What is left empty is not limited."""

    confirm = forms.BooleanField(required=False, label="Yes, allow more than before")

    def __init__(self, *args: Any, limits: Limits | None = None, **kwargs: Any) -> None:
        if limits is not None:
            kwargs["initial"] = _flat(limits_data(limits))
        super().__init__(*args, **kwargs)
        for name in TIERS:
            for step, label in STEPS.items():
                self._add(f"{name}_{step}", label)
        for name, (label, _) in SINGLE.items():
            self._add(name, label)

    def _add(self, name: str, label: str) -> None:
        self.fields[name] = _number()
        self.fields[name].label = label

    @property
    def groups(self) -> list[tuple[str, list[tuple[forms.BoundField, str]]]]:
        """The fields under their headings, each with its unit."""
        steps = [[(self[f"{name}_{step}"], "%") for step in STEPS] for name in TIERS]
        rest = [(self[name], unit) for name, (_, unit) in SINGLE.items()]
        return [
            ("Loss of the day", steps[0]), ("Drawdown from the peak", steps[1]), ("Positions and exposure", rest),
        ]  # fmt: skip

    def raw(self) -> dict[str, Any]:
        """What was typed in, as limits are written."""
        typed = {name: str(value).strip() for name, value in self.cleaned_data.items()}
        data: dict[str, Any] = {
            name: {step: typed[f"{name}_{step}"] or None for step in STEPS} for name in TIERS
        }
        data |= {name: typed[name] or None for name in ("gross", "net", "symbol")}
        count = typed["max_positions"]
        data["max_positions"] = int(count) if count.isascii() and count.isdigit() else count or None
        data["reserve_pct"] = typed["reserve_pct"] or "0"
        return data

    def refuse(self, error: InvalidInput) -> None:
        """Show a refusal beside the field it concerns."""
        name = error.path.replace(".", "_")
        self.add_error(
            name if name in self.fields else None, f"{error.reason[:1].upper()}{error.reason[1:]}."
        )


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in data.items() if name not in TIERS}
    return flat | {f"{name}_{step}": data[name][step] for name in TIERS for step in STEPS}


class LockForm(forms.Form):
    """What to lock, for how long and why."""

    target = forms.ChoiceField(label="Where")
    symbol = forms.RegexField(r"^[A-Z0-9]{2,30}$", required=False, max_length=30, label="Only this symbol")
    what = forms.ChoiceField(label="What to lock", choices=WHATS)
    minutes = forms.ChoiceField(label="How long", choices=DURATIONS, required=False)
    reason = forms.CharField(max_length=200, label="Why")

    def __init__(
        self, *args: Any, accounts: Iterable[ExchangeAccount], bots: Iterable[Bot], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["target"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("workspace", "The whole workspace"),
            ("Accounts", [(f"account:{one.code}", one.name) for one in accounts]),
            ("Bots", [(f"bot:{one.code}", one.name) for one in bots]),
        ]

    def refuse(self, error: InvalidInput) -> None:
        """Show a refusal beside the field it concerns."""
        self.add_error(
            error.path if error.path in self.fields else None,
            f"{error.reason[:1].upper()}{error.reason[1:]}.",
        )
