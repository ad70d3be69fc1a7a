"""Preflight of a bot document: its worst case on every symbol, before it starts.

Parts of the document that only a market can judge (minima, tiers, liquidation of the real sizes, money
there is) are judged here; the parser keeps what can be said without one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trading_core.engine.document import BotDocument
from trading_core.market.instrument import Instrument
from trading_core.money import PPM, amount, mul_div_ceil, plain
from trading_core.plan.recent import Recent, candles_needed
from trading_core.risk.denial import Denial
from trading_core.risk.preflight import (
    Finding,
    FindingCode,
    Together,
    of_case,
    of_contract,
    of_denial,
    of_plan,
    of_sum,
    percent,
    refusals,
    together,
)
from trading_core.risk.sizing import sizing_equity
from trading_core.risk.worst_case import Step, WorstCase, draw, room_ppm, worst_case
from trading_core.simulator.arrival import MAX_ORDERS
from trading_core.simulator.params import MatchingParams


@dataclass(frozen=True, slots=True)
class Preflight:
    """Everything preflight has to say of a bot."""

    equity: int
    available: int
    """Money the margin of the plan may come from."""
    cases: tuple[WorstCase, ...]
    """By symbol in the document's order, long before short."""
    together: Together
    findings: tuple[Finding, ...]
    """Refusals first."""

    @property
    def refused(self) -> list[Finding]:
        """What keeps the bot from starting."""
        return refusals(self.findings)


def preflight(
    document: BotDocument,
    instruments: Mapping[str, Instrument],
    prices: Mapping[str, int],
    *,
    equity: int,
    available: int | None = None,
    recents: Mapping[str, Recent] | None = None,
) -> Preflight:
    """Judge a bot on an account with that equity, ``prices`` in ticks by symbol.

    A symbol without instrument or price is a warning, for nothing can be said of it; so is one without the
    candles (``recents``) its distances hang on. ``available`` is what margin may come from, without it the
    equity; the bot's own reserve stays out of it.
    """
    reserve = mul_div_ceil(equity, document.limits.reserve_ppm, PPM)
    money = (equity if available is None else min(equity, available)) - reserve
    found, cases = of_plan(document.plan), []
    for symbol in document.symbols:
        instrument, price = instruments.get(symbol), prices.get(symbol)
        if instrument is None or not price:
            found.append(Finding(FindingCode.NO_PRICE, {"symbol": symbol}, symbol))
            continue
        found += of_contract(document.risk, instrument)
        for direction in directions(document):
            recent = (recents or {}).get(symbol)
            case = _case(document, instrument, direction, price, equity, recent)
            if case is None:
                needed = {"candles": candles_needed(document.plan)}
                found.append(Finding(FindingCode.NO_CANDLES, needed, symbol, direction))
            elif isinstance(case, Denial):
                found.append(of_denial(case, symbol, direction))
            else:
                cases.append(case)
                found += of_case(case, available=money)
    sums = together(cases, document.risk)
    found += of_sum(sums, available=money)
    return Preflight(equity, money, tuple(cases), sums, tuple(sorted(found, key=lambda one: not one.refuses)))


def directions(document: BotDocument) -> tuple[int, ...]:
    """The sides the rules may ask for: +1 long, -1 short."""
    sides = ((1, document.rules.long), (-1, document.rules.short))
    return tuple(sign for sign, tree in sides if tree is not None)


def pricing_of(document: BotDocument) -> MatchingParams:
    """How paper and backtest price this bot's fills."""
    return MatchingParams(maker_ppm=document.fees.maker_ppm, taker_ppm=document.fees.taker_ppm)


def _case(
    document: BotDocument,
    instrument: Instrument,
    direction: int,
    price: int,
    equity: int,
    recent: Recent | None,
) -> WorstCase | Denial | None:
    sizing = sizing_equity(document.plan, equity, document.balance)
    drawn = draw(document.plan, direction=direction, price=price, equity=sizing, recent=recent)
    if drawn is None:
        return None
    return worst_case(
        document.plan, document.risk, instrument, pricing_of(document), drawn, equity=equity
    )  # fmt: skip


def as_data(result: Preflight) -> dict[str, Any]:
    """The table for API and command line: money and prices as decimal strings, shares in percent."""
    sums = result.together
    return {
        "refused": bool(result.refused),
        "equity": _money(result.equity),
        "available": _money(result.available),
        "findings": [finding_data(finding) for finding in result.findings],
        "cases": [_case_data(case) for case in result.cases],
        "together": {
            "positions": sums.positions,
            "worth": _money(sums.worth),
            "margin": _money(sums.tied_up),
            "loss": _money(sums.loss),
            "order_slots": sums.slots,
        },
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """One finding as data."""
    return {
        "code": finding.code.value,
        "refuses": finding.refuses,
        "symbol": finding.symbol,
        "side": side_name(finding.direction),
        "text": finding.text,
        "numbers": dict(finding.numbers),
    }


def side_name(direction: int) -> str:
    """``long``, ``short``, or nothing for both."""
    return {1: "long", -1: "short"}.get(direction, "")


def _case_data(case: WorstCase) -> dict[str, Any]:
    instrument = case.instrument
    return {
        "symbol": instrument.symbol,
        "side": side_name(case.direction),
        "price": plain(instrument.price(case.price)),
        "steps": [_step_data(case, step) for step in case.steps],
        "exposure_pct": percent(case.exposure_ppm),
        "margin": _money(case.tied_up),
        "exit_price": plain(instrument.price(case.exit_ticks)),
        "loss": _money(case.loss),
        "loss_pct": percent(case.loss_ppm),
        "liquidation_loss": _money(case.liquidation_loss),
        "order_slots": case.slots,
        "order_slots_limit": MAX_ORDERS,
    }


def _step_data(case: WorstCase, step: Step) -> dict[str, Any]:
    instrument, position = case.instrument, step.position
    lots = abs(position.lots)
    return {
        "part": f"leg {step.leg}" if step.leg else "entry",
        "price": plain(instrument.price(step.ticks)),
        "qty": plain(instrument.qty(step.lots)),
        "quote": _money(step.quote),
        "fee": _money(step.fee),
        "too_small": step.too_small,
        "position_qty": plain(instrument.qty(lots)),
        "average_price": plain(round(instrument.price(position.cost) / lots, 8)),
        "worth": _money(step.worth),
        "margin": _money(step.margin),
        "maintenance_margin": _money(step.maintenance),
        "liquidation_price": plain(instrument.price(step.liquidation)),
        "stop_price": plain(instrument.price(step.stop)),
        "stop_to_liquidation_pct": percent(room_ppm(step)),
    }


def _money(units: int) -> str:
    return plain(amount(units))
