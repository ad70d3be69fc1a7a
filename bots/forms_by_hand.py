"""What a person does to one position."""

from __future__ import annotations

import secrets
from typing import Any

from django import forms

SHARES = [("25", "25 %"), ("50", "50 %"), ("75", "75 %"), ("100", "All of it")]


def _key() -> str:
    """A name for this wish: the same form sent twice is one order."""
    return secrets.token_hex(8)


class ReduceForm(forms.Form):
    """Close a share at the market."""

    percent = forms.ChoiceField(
        choices=SHARES, widget=forms.RadioSelect, initial="50", label="How much to close"
    )
    key = forms.CharField(max_length=40, widget=forms.HiddenInput, initial=_key)


class AddForm(forms.Form):
    """Add at the market."""

    quote = forms.DecimalField(
        min_value=1, max_digits=14, decimal_places=2, label="Worth of what is added",
        help_text="At the market, with the position's stop. Locks, limits, margin and liquidation are asked first.",
    )  # fmt: skip
    key = forms.CharField(max_length=40, widget=forms.HiddenInput, initial=_key)


def which(data: Any) -> str:
    """Which of the two was sent."""
    return "reduce" if "percent" in data else "add" if "quote" in data else ""
