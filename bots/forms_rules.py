"""The forms of rule-sets. What the rules themselves say is read by the language, not here."""

from __future__ import annotations

from typing import Any

from django import forms

from conditions.services.drafts import MAX_NAME
from conditions.services.publishing import MAX_NOTE
from trading_core.rules.limits import MAX_BYTES

BLANK, SON, FILE = "blank", "son", "file"
_STARTS = ((BLANK, "Blank"), (SON, "SON, changed where I say so"), (FILE, "A file or text"))


def _text(**options: Any) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=MAX_BYTES,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8, "class": "code", "spellcheck": "false"}),
        **options,
    )


class FileForm(forms.Form):
    """A rule-set from outside: a file, or what is pasted."""

    text = _text(label="Text or JSON")
    file = forms.FileField(
        required=False,
        label="File",
        help_text="JSON or the text form, at most 32 KiB.",
        allow_empty_file=True,
    )

    def given(self) -> str | bytes:
        """What was handed in; the file counts where both are."""
        uploaded = self.cleaned_data.get("file")
        # One byte more than is allowed, so that what is too large is seen to be.
        return uploaded.read(MAX_BYTES + 1) if uploaded else str(self.cleaned_data["text"])

    def clean(self) -> dict[str, Any]:
        """Ask for one of the two."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if not data.get("file") and not str(data.get("text") or "").strip() and not self.errors:
            self.add_error("text", "Paste the rules here, or choose a file.")
        return data


class NameForm(forms.Form):
    """A name."""

    name = forms.CharField(max_length=MAX_NAME)


class NewRuleSetForm(FileForm):
    """A new rule-set and what it starts from; templates start it too, each by its own button."""

    name = forms.CharField(max_length=MAX_NAME, widget=forms.TextInput(attrs={"placeholder": "Calm dips"}))
    start = forms.ChoiceField(choices=_STARTS, initial=BLANK, widget=forms.RadioSelect)

    field_order = ("name", "start", "text", "file")

    def clean(self) -> dict[str, Any]:
        """Ask for a file only where one is to be read."""
        data = self.cleaned_data
        return super().clean() if data.get("start") == FILE else data


class NoteForm(forms.Form):
    """A word on what a version is for."""

    note = forms.CharField(
        max_length=MAX_NOTE,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": "Waits for the pause to end"}),
    )
