"""The form that asks for a backtest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django import forms

from bots.models import Bot
from trading_core.backtest.inputs import BOT_FILE_MAX
from trading_core.errors import InvalidInput
from trading_core.money import plain
from trading_core.strict_json import loads

DAYS = 90
"""Of the first suggestion."""
PASTED = "pasted"
"""The choice of no bot: the document is pasted."""


def _day(label: str, help_text: str) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, help_text=help_text, widget=widget, input_formats=["%Y-%m-%d"])


class BacktestForm(forms.Form):
    """A bot's document, or one that is pasted, over some days."""

    pasted = PASTED
    """For the page: the choice that shows where to paste."""
    bot = forms.ChoiceField(label="Document of")
    document = forms.CharField(
        label="Bot document",
        required=False,
        max_length=BOT_FILE_MAX,
        help_text="JSON; its schema is docs/bot.schema.json.",
        widget=forms.Textarea(
            attrs={"rows": 16, "spellcheck": "false", "class": "code", "placeholder": "{ … }"}
        ),
    )
    start = _day("From", "00:00 UTC of this day; earlier candles warm the rules up")
    end = _day("To", "to the end of this day, as far as candles are stored")
    balance = forms.DecimalField(
        label="Wallet", required=False, min_value=Decimal("0.01"), max_digits=20, decimal_places=8,
        help_text="empty: as in the document",
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, bots: Sequence[Bot], *args: Any, **kwargs: Any) -> None:
        """Offer these bots, and a document that is pasted."""
        super().__init__(*args, **kwargs)
        self.bots = {bot.code: bot for bot in bots}
        named = [(bot.code, f"{bot.name} ({bot.timeframe})") for bot in bots]
        field = self.fields["bot"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [*named, (PASTED, "A document I paste")]
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                about = {"aria-invalid": "true", "aria-describedby": f"id_{name}_error"}
                self.fields[name].widget.attrs.update(about)

    @property
    def chosen(self) -> Bot | None:
        """The bot whose document is played; None for one that is pasted."""
        return self.bots.get(self.cleaned_data["bot"])

    def clean(self) -> dict[str, Any]:
        """A document is needed where no bot is chosen."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("bot") == PASTED and "document" not in self.errors:
            try:
                data["raw"] = loads(data["document"], max_bytes=BOT_FILE_MAX)
            except InvalidInput as error:
                told = (
                    f"{error}" if data["document"].strip() else "paste a document, or choose one of your bots"
                )
                self.add_error("document", told)
            else:
                if not isinstance(data["raw"], dict):
                    self.add_error("document", "expected an object: { … }")
        return data

    def raw(self) -> dict[str, Any]:
        """The document to play, with the wallet asked for."""
        bot = self.chosen
        document = dict(bot.document if bot is not None else self.cleaned_data["raw"])
        if (balance := self.cleaned_data["balance"]) is not None:
            document["wallet"] = {"balance": plain(balance)}
        return document

    def period(self) -> tuple[int, int]:
        """From and to in milliseconds; the last day is played."""
        return _ms(self.cleaned_data["start"]), _ms(self.cleaned_data["end"] + timedelta(days=1))

    def refuse(self, error: InvalidInput) -> None:
        """Say an error of the service where it belongs."""
        if error.path in ("from", "to", ""):
            self.add_error({"from": "start", "to": "end", "": None}[error.path], error.reason)
        elif error.path == "wallet.balance":
            self.add_error("balance", error.reason)
        else:
            self.add_error("document" if self.chosen is None else None, f"{error}")


def _ms(day: date) -> int:
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000
