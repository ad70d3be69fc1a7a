"""What if a threshold were different, or a condition not there: the question and its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from bots.models import Bot, Study
from bots.models.study import StudyState
from bots.pages import paths
from bots.pages.what_if_answer import Answer, answer
from bots.pages.words import Badge
from bots.services.documents import document_of
from bots.services.whatif import Change
from conditions.selectors import TREE_LABELS

NUMBER, DISABLE = "number", "disable"
KINDS = ((NUMBER, "Change a number"), (DISABLE, "Leave a condition out"))
DAYS_MAX, DAYS_FIRST = 30, 7
STUDIES_SHOWN = 6
VALUE_MAX = 1e12
_BOUNDED = 100.0
"""Oscillators run from 0 to 100; a threshold inside is offered that whole range."""
_STATE_TONES: Mapping[str, str] = {
    StudyState.WAITING: "accent", StudyState.RUNNING: "accent", StudyState.DONE: "up",
    StudyState.FAILED: "down", StudyState.CANCELLED: "",
}  # fmt: skip
UNFINISHED = (StudyState.WAITING, StudyState.RUNNING)


@dataclass(frozen=True, slots=True)
class Knob:
    """One number of the rules that can be turned."""

    path: str
    label: str
    value: float
    low: float
    high: float
    step: float


def knobs(spots: Sequence[paths.Spot]) -> list[Knob]:
    """Every constant of the rules, tree by tree."""
    return [_knob(path, spot, value) for spot in spots for path, value in spot.constants.items()]


def _knob(path: str, spot: paths.Spot, value: float) -> Knob:
    if 0 < value <= _BOUNDED:
        low, high = 0.0, _BOUNDED if value > 1 else 1.0
    else:
        reach = abs(value) or 1.0
        low, high = value - reach, value + reach
    side = path.rpartition(".")[2]
    which = "" if side == "right" else f", {side}"
    return Knob(path, f"{TREE_LABELS[spot.tree]}: {spot.text}{which}", value, low, high, _step(high - low))


def _step(span: float) -> float:
    """About two hundred steps, a round number each."""
    exponent: float = 10.0 ** math.floor(math.log10(span / 200))
    return next(exponent * factor for factor in (1, 2, 5, 10) if span / (exponent * factor) <= 200)  # noqa: PLR2004


class WhatIfForm(forms.Form):
    """The question."""

    kind = forms.ChoiceField(choices=KINDS, initial=NUMBER, widget=forms.RadioSelect)
    path = forms.ChoiceField(label="Number", required=False)
    value = forms.FloatField(
        label="New value", required=False, min_value=-VALUE_MAX, max_value=VALUE_MAX,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )  # fmt: skip
    condition = forms.ChoiceField(label="Condition", required=False)
    days = forms.IntegerField(
        min_value=1, max_value=DAYS_MAX, initial=DAYS_FIRST, label="Days back",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}),
    )  # fmt: skip

    def __init__(self, bot: Bot, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        self.rules = document_of(bot).rules
        spots = paths.spots(self.rules)
        self.knobs = knobs(spots)
        super().__init__(data, **options)
        self.fields["path"].choices = [(one.path, one.label) for one in self.knobs]  # type: ignore[attr-defined]
        self.fields["condition"].choices = [  # type: ignore[attr-defined]
            (spot.path, f"{TREE_LABELS[spot.tree]}: {spot.text}") for spot in spots
        ]

    def clean(self) -> dict[str, Any]:
        """What belongs to the chosen kind has to be there, and has to change something."""
        data = super().clean() or {}
        if data.get("kind") == DISABLE:
            if not data.get("condition") and "condition" not in self.errors:
                self.add_error("condition", "Choose the condition to leave out.")
            return data
        if not data.get("path") and "path" not in self.errors:
            self.add_error("path", "Choose the number to change.")
        if data.get("value") is None:
            if "value" not in self.errors:
                self.add_error("value", "Needed: the value to try.")
        elif any(one.path == data.get("path") and one.value == data["value"] for one in self.knobs):
            self.add_error("value", "That is the value it has now.")
        return data

    def change(self) -> Change:
        """The question as the service takes it."""
        data = self.cleaned_data
        if data["kind"] == DISABLE:
            return paths.without(self.rules, data["condition"])
        return [{"path": data["path"], "value": data["value"]}]


def first_values(bot: Bot, asked: Mapping[str, str]) -> dict[str, Any]:
    """First values of the form: what a link suggested, else the first number there is."""
    found = knobs(paths.spots(document_of(bot).rules))
    chosen = next((one for one in found if one.path == asked.get("path")), found[0] if found else None)
    kind = DISABLE if asked.get("kind") == DISABLE or chosen is None else NUMBER
    return {
        "kind": kind,
        "path": chosen.path if chosen else "",
        "value": f"{chosen.value:g}" if chosen else "",
        "condition": asked.get("condition", ""),
        "days": DAYS_FIRST,
    }


def values_of(bot: Bot, study: Study) -> dict[str, Any]:
    """The form as the question was asked, so that the next one starts there."""
    values = first_values(bot, {}) | {"days": study.days}
    if isinstance(study.change, list) and study.change:
        edit = study.change[0]
        return values | {"path": edit["path"], "value": f"{edit['value']:g}"}
    rules = document_of(bot).rules
    spots = paths.spots(rules)
    left_out = next((spot.path for spot in spots if paths.without(rules, spot.path) == study.change), "")
    return values | {"kind": DISABLE, "condition": left_out}


@dataclass(frozen=True, slots=True)
class Asked:
    """One study as its page shows it."""

    code: str
    question: str
    days: int
    state: str
    badge: Badge
    progress: int
    error: str
    unfinished: bool
    answer: Answer | None


def asked_of(bot: Bot, study: Study) -> Asked:
    """A study with its answer, once there is one."""
    return Asked(
        code=study.code,
        question=question(bot, study.change),
        days=study.days,
        state=study.state,
        badge=Badge(StudyState(study.state).label, _STATE_TONES[study.state]),
        progress=study.progress,
        error=study.error,
        unfinished=study.state in UNFINISHED,
        answer=answer(bot, study.result) if study.state == StudyState.DONE and study.result else None,
    )


def recent(bot: Bot) -> list[Asked]:
    """The last questions about a bot, without their answers."""
    rows = Study.objects.filter(bot=bot).defer("result").order_by("-created_at", "-pk")[:STUDIES_SHOWN]
    return [
        Asked(
            row.code, question(bot, row.change), row.days, row.state,
            Badge(StudyState(row.state).label, _STATE_TONES[row.state]),
            row.progress, row.error, row.state in UNFINISHED, None,
        )
        for row in rows
    ]  # fmt: skip


def question(bot: Bot, change: Any) -> str:
    """The question in words."""
    if not isinstance(change, list):
        return _left_out(bot, change)
    named = {one.path: one for one in knobs(paths.spots(document_of(bot).rules))}
    return "; ".join(_edited(named.get(edit["path"]), edit) for edit in change)


def _edited(knob: Knob | None, edit: Mapping[str, Any]) -> str:
    value = edit["value"]
    shown = f"{value:g}" if isinstance(value, (int, float)) else str(value)
    if knob is None:
        return f"{edit['path']} = {shown}"
    now = "" if knob.label.endswith(f" {knob.value:g}") else f", {knob.value:g}"
    return f"{knob.label}{now} \N{RIGHTWARDS ARROW} {shown}"


def _left_out(bot: Bot, document: Any) -> str:
    """A document that lacks one condition is told by that condition."""
    rules = document_of(bot).rules
    for spot in paths.spots(rules):
        if paths.without(rules, spot.path) == document:
            return f"Without {TREE_LABELS[spot.tree]}: {spot.text}"
    return "With another rule-set"
