"""Where rules are tried: the market, symbol, timeframe and days a person chose, or sensible ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from bots.models import Bot
from bots.pages.newbot import source, symbols
from bots.pages.rules.picture import Bar, Picture, bar, picture
from bots.services.impact import Impact, impact
from bots.services.preview import DAYS_MAX, Place, preview
from conditions.outline import Branch, Outline
from conditions.selectors import TREE_LABELS
from trading_core.errors import InvalidInput
from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import RuleSet

DAYS = (1, 3, 7, 14, 30)
CATEGORY = "linear"


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and what may be."""

    place: Place | None
    days: int
    symbols: Sequence[str]
    timeframes: Sequence[str] = field(default_factory=lambda: [one.value for one in Timeframe])
    day_choices: Sequence[int] = DAYS


@dataclass(frozen=True, slots=True)
class Row:
    """One condition of the preview."""

    tree: str
    branch: Branch
    bar: Bar


@dataclass(frozen=True, slots=True)
class TreeRow:
    """One tree of the preview."""

    label: str
    bar: Bar


@dataclass(frozen=True, slots=True)
class Tried:
    """A preview for the page."""

    picture: Picture | None
    closes: int
    covered_days: float
    trees: list[TreeRow]
    rows: list[Row]
    closes_text: str
    conflicts: int
    """Closes at which long and short were both true, so that neither is acted on."""


def choice(asked: Mapping[str, str], using: Bot | None) -> Choice:
    """Return what is asked for; a bot that uses the rules gives the first values.

    Raise InvalidInput for a symbol, timeframe or number of days that isn't offered.
    """
    market = using.source if using else source()
    known = symbols(market)
    usual = [row.symbol for row in using.listens.order_by("pk")] if using else []
    symbol = asked.get("symbol") or next((one for one in usual if one in known), next(iter(known), ""))
    timeframe = asked.get("timeframe") or (using.timeframe if using else Timeframe.M1.value)
    if symbol and symbol not in known:
        raise InvalidInput("symbol", f"expected one that is traded here, was {symbol[:30]!r}")
    if timeframe not in [one.value for one in Timeframe]:
        raise InvalidInput("timeframe", f"expected a timeframe such as 1m or 1h, was {timeframe[:10]!r}")
    days = asked.get("days") or "7"
    if not days.isdecimal() or not 1 <= int(days[:4]) <= DAYS_MAX:
        raise InvalidInput("days", f"expected 1 to {DAYS_MAX}, was {days[:10]!r}")
    place = Place(market, CATEGORY, symbol, Timeframe(timeframe)) if symbol else None
    return Choice(place, int(days[:4]), known)


def bot_using(rules_hashes: Sequence[str]) -> Bot | None:
    """A bot that runs one of these rules, an older one first; None if none does."""
    return Bot.objects.filter(rules_hash__in=rules_hashes).order_by("pk").first()


def tried(rules: RuleSet, trees: Sequence[Outline], place: Place, days: int) -> Tried:
    """Ask the rules over the stored past; raise RulesInvalid if that timeframe won't do."""
    seen = preview(rules, place, days=days)
    covered = (seen.close_ms[-1] - seen.close_ms[0]) / 86_400_000 if seen.closes else 0.0
    rows = [
        Row(TREE_LABELS[one.tree], leaf, bar(seen.conditions[leaf.slot], seen.closes))
        for one in trees
        if one.root is not None
        for leaf in _leaves(one.root)
    ]
    trees_ = [TreeRow(TREE_LABELS[name], bar(tally, seen.closes)) for name, tally in seen.trees.items()]
    asked = sum(seen.trees[name].true for name in seen.entries if name in seen.trees)
    acted = sum(int(mask.sum()) for mask in seen.entries.values())
    return Tried(
        picture(seen), seen.closes, float(covered), trees_, rows, f"{seen.closes:,}", (asked - acted) // 2
    )


def impact_at(old: RuleSet | None, new: RuleSet, using: Bot | None) -> Impact | None:
    """The impact where the rules are used, or on the market's first symbol; None without a market."""
    place = choice({}, using).place
    return None if place is None else impact(old, new, place)


def _leaves(branch: Branch, name: str = "") -> list[Branch]:
    """The conditions of a tree; one without a name goes by that of the group around it."""
    name = branch.id or name
    if not branch.below:
        return [replace(branch, id=name)]
    inner = "" if len(branch.below) > 1 else name
    return [leaf for child in branch.below for leaf in _leaves(child, inner)]
