"""The bot document: everything a bot is, parsed to integers, with one canonical form and hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from trading_core.engine.document_schema import DOCUMENT, SCHEMA_VERSION
from trading_core.engine.limits_schema import guards_data, guards_of, limits_data, limits_of
from trading_core.engine.plan_document import factor, percent, plan_data, plan_of
from trading_core.errors import DocumentInvalid, RulesInvalid
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.money import PPM, amount, plain
from trading_core.plan.distances import is_fixed
from trading_core.plan.params import (
    Base,
    PlanParams,
    RiskParams,
    ladder,
    legs_quote,
)  # fmt: skip
from trading_core.risk.levels import Guards, Limits
from trading_core.rules.model import RuleSet
from trading_core.rules.parse import parse_rules
from trading_core.rules.requirements import check_timeframe
from trading_core.rules.son import over_son

MAINTENANCE_ROOM_PPM = 10_000
"""Distance a stop must keep from the price at which all margin is gone."""


@dataclass(frozen=True, slots=True)
class MarketRef:
    """The market a bot stands in."""

    source: str
    category: str


@dataclass(frozen=True, slots=True)
class Fees:
    """What the venue charges, in parts per million of notional; used by paper and backtest."""

    maker_ppm: int
    taker_ppm: int


@dataclass(frozen=True, slots=True)
class BotDocument:
    """A parsed bot document. Two documents that mean the same are equal and have one hash."""

    name: str
    market: MarketRef
    symbols: tuple[str, ...]
    timeframe: Timeframe
    detail_timeframe: Timeframe
    rules: RuleSet
    """What the bot looks for, with SON already under it where the document asked for that."""
    plan: PlanParams
    risk: RiskParams
    fees: Fees
    balance: int
    """Money units a paper account or a backtest starts with."""
    limits: Limits = field(default_factory=Limits)
    """The bot's own rung of the risk ladder."""
    guards: Guards = field(default_factory=Guards)

    def series(self, symbol: str) -> SeriesKey:
        """The series of the bot's timeframe for one of its symbols."""
        return SeriesKey(self.market.source, self.market.category, symbol, self.timeframe)

    def canonical(self) -> dict[str, Any]:
        """The document as JSON-able data: every key present, numbers in their shortest form."""
        return {
            "schema": SCHEMA_VERSION,
            "name": self.name,
            "market": {"source": self.market.source, "category": self.market.category},
            "universe": {"symbols": list(self.symbols)},
            "timeframe": self.timeframe.value,
            "detail_timeframe": self.detail_timeframe.value,
            # SON is in the rules by now: a later SON must not change what this bot does.
            "rules": {"inline": self.rules.canonical(), "son": False},
            "plan": plan_data(self.plan),
            "risk": {
                "leverage": factor(self.risk.leverage_ppm),
                "max_open_positions": self.risk.max_open_positions,
                "max_position_quote": plain(amount(self.risk.max_position_quote)),
                "cooldown_candles": self.risk.cooldown_candles,
                "limits": limits_data(self.limits),
                "guards": guards_data(self.guards),
            },
            "fees": {
                "maker_pct": percent(self.fees.maker_ppm),
                "taker_pct": percent(self.fees.taker_ppm),
            },
            "wallet": {"balance": plain(amount(self.balance))},
        }


def document_hash(document: BotDocument) -> str:
    """SHA-256 of the canonical document, in hex."""
    text = json.dumps(document.canonical(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def parse_document(raw: object, *, resolve: Callable[[str], object] | None = None) -> BotDocument:
    """Return the document read from JSON data.

    ``resolve`` turns the code of a published rule-set version into its document; without it only
    inline rules are accepted. Raise DocumentInvalid with the path of the first fault.
    """
    data = DOCUMENT.read(raw, "")
    document = BotDocument(
        name=data["name"],
        market=MarketRef(data["market"]["source"], data["market"]["category"]),
        symbols=data["universe"]["symbols"],
        timeframe=Timeframe(data["timeframe"]),
        detail_timeframe=Timeframe(data["detail_timeframe"]),
        rules=_rules(data["rules"], resolve),
        plan=plan_of(data["plan"]),
        risk=_risk(data["risk"]),
        fees=Fees(data["fees"]["maker_pct"], data["fees"]["taker_pct"]),
        balance=data["wallet"]["balance"],
        limits=limits_of(data["risk"]["limits"], "risk.limits"),
        guards=guards_of(data["risk"]["guards"]),
    )
    _check_rules(document)
    _check_legs_inside_stop(document)
    _check_stop_inside_liquidation(document)
    _check_room_under_cap(document)
    return document


def _rules(data: dict[str, Any], resolve: Callable[[str], object] | None) -> RuleSet:
    own = _own_rules(data, resolve)
    if not data["son"]:
        return own
    try:
        return over_son(own)
    except RulesInvalid as e:
        raise DocumentInvalid("rules.son", f"SON can't be layered under these rules: {e}") from e


def _own_rules(data: dict[str, Any], resolve: Callable[[str], object] | None) -> RuleSet:
    if "version" in data:
        if resolve is None:
            raise DocumentInvalid(
                "rules.version", "a version can only be resolved by the platform; give the rules inline"
            )
        return parse_rules(resolve(data["version"]))
    try:
        return parse_rules(data["inline"])
    except RulesInvalid as e:
        raise DocumentInvalid(f"rules.inline.{e.path}" if e.path else "rules.inline", e.reason) from e


def _check_rules(document: BotDocument) -> None:
    if document.rules.long is None and document.rules.short is None:
        raise DocumentInvalid("rules", "expected a tree for long or short, or the bot could never enter")
    try:
        check_timeframe(document.rules, document.timeframe)
    except RulesInvalid as e:
        raise DocumentInvalid(f"rules.inline.{e.path}" if e.path else "rules.inline", e.reason) from e


def _risk(data: dict[str, Any]) -> RiskParams:
    return RiskParams(
        leverage_ppm=data["leverage"],
        max_open_positions=data["max_open_positions"],
        max_position_quote=data["max_position_quote"],
        cooldown_candles=data["cooldown_candles"],
    )


def _check_legs_inside_stop(document: BotDocument) -> None:
    """Refuse a ladder whose next leg would lie at or beyond the stop when it is its turn."""
    plan = document.plan
    if plan.averaging is None or not is_fixed(plan.averaging):
        return  # where the legs stand is known at the entry only: those behind the stop are left out there
    first = plan.size.quote or document.balance * plan.size.equity_ppm // PPM
    for direction in (1, -1):
        cost, quantity = Fraction(first), Fraction(first)
        for number, rung in enumerate(ladder(plan.averaging), 1):
            average = cost / quantity if plan.stop.base is Base.AVERAGE else Fraction(1)
            stop = average * (1 - direction * Fraction(plan.stop.ppm, PPM))
            price = 1 - direction * Fraction(rung.deviation_ppm, PPM)
            if direction * (price - stop) <= 0:
                raise DocumentInvalid(
                    "plan.averaging",
                    f"leg {number} would stand {percent(rung.deviation_ppm)} % from the entry, at or "
                    f"beyond the stop, which is then {float(abs(1 - stop)) * 100:.2f} % from it: "
                    "it could never be filled",
                )
            cost, quantity = cost + rung.quote, quantity + Fraction(rung.quote) / price


def _check_stop_inside_liquidation(document: BotDocument) -> None:
    room = PPM * PPM // document.risk.leverage_ppm - MAINTENANCE_ROOM_PPM
    if document.plan.stop.ppm > room:
        raise DocumentInvalid(
            "plan.stop.pct",
            f"at leverage {factor(document.risk.leverage_ppm)} a position would be liquidated before a stop "
            f"of {percent(document.plan.stop.ppm)} %; expected at most {percent(room)} %",
        )


def _check_room_under_cap(document: BotDocument) -> None:
    plan, cap = document.plan, document.risk.max_position_quote
    needed = legs_quote(plan.averaging) + plan.size.quote
    if needed > cap:
        raise DocumentInvalid(
            "risk.max_position_quote",
            f"entry and legs together are worth {plain(amount(needed))}, "
            f"more than the cap of {plain(amount(cap))}",
        )
