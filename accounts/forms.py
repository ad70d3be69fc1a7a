"""Forms about exchange accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from accounts.models import Environment
from accounts.services import MAX_KEY, MAX_NAME, MAX_SECRET
from trading_core.errors import InvalidInput

_CONNECTABLE = (Environment.DEMO, Environment.TESTNET, Environment.MAINNET)


class KeyForm(forms.Form):
    """A key and its secret."""

    api_key = forms.CharField(label="API key", max_length=MAX_KEY)
    api_secret = forms.CharField(
        label="API secret",
        max_length=MAX_SECRET,
        # Typed again after an error: a secret is never sent back to the browser.
        widget=forms.PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
    )


class ConnectForm(KeyForm):
    """A key a person brings, with the account it makes."""

    environment = forms.ChoiceField(choices=[(one.value, one.label) for one in _CONNECTABLE])
    name = forms.CharField(max_length=MAX_NAME)
    field_order = ("environment", "name", "api_key", "api_secret")

    def refuse(self, error: InvalidInput) -> None:
        """Show a refusal beside the field it concerns."""
        self.add_error(
            error.path if error.path in self.fields else None,
            f"{error.reason[:1].upper()}{error.reason[1:]}.",
        )


class ResetForm(forms.Form):
    """What a paper account starts again with."""

    balance = forms.DecimalField(
        label="New balance",
        min_value=Decimal(10),
        max_value=Decimal(100_000_000),
        decimal_places=2,
        max_digits=16,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def first_error(self) -> str:
        """Say in one sentence what is wrong with it."""
        errors: dict[str, Any] = self.errors.get_json_data()
        return next(
            (f"{self.fields[name].label}: {found[0]['message']}" for name, found in errors.items()), ""
        )
