"""What is halted, how, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms

from accounts.models import ExchangeAccount
from bots.models import Bot
from trading_core.risk.levels import What

CONFIRMATION = "FLATTEN"
WHATS = [
    (What.ENTRIES.value, "No entries"),
    (What.ALL.value, "Cancel entries"),
    (What.FLATTEN.value, "Flatten"),
]


class HaltForm(forms.Form):
    """The kill switch of a workspace."""

    target = forms.ChoiceField(label="What to halt")
    what = forms.ChoiceField(label="How", choices=WHATS, widget=forms.RadioSelect, initial=What.ALL.value)
    reason = forms.CharField(
        max_length=200, label="Why", help_text="Shown wherever the halt refuses something."
    )
    confirm = forms.CharField(
        required=False,
        max_length=20,
        label="To close positions, type FLATTEN",
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "spellcheck": "false"}),
    )

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

    def clean(self) -> dict[str, Any]:
        """Positions are closed only by somebody who has written that down."""
        data: dict[str, Any] = super().clean() or {}
        if data.get("what") == What.FLATTEN.value and data.get("confirm", "").strip() != CONFIRMATION:
            self.add_error(
                "confirm", f"Type {CONFIRMATION}: every position it concerns is closed at the market."
            )
        return data
