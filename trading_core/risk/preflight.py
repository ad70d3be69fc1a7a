"""What a worst case means before a bot starts: refusals and warnings, each a code with its numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from trading_core.market.instrument import Instrument
from trading_core.market.tiers import limit_at, tier_of
from trading_core.money import PPM, amount, plain
from trading_core.plan.params import PlanParams, RiskParams
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.limits import check_leverage
from trading_core.risk.worst_case import Step, WorstCase, room_ppm

VOLUME_SCALE_WARN_PPM = 1_500_000
"""A ladder whose legs grow faster than by half doubles the position every few steps."""
NEAR_LIQUIDATION_PPM = 5_000
"""Less room than half a percent between stop and liquidation is eaten by one quick minute."""
LARGE_LOSS_PPM = 200_000
"""Losing a fifth of the equity at one stop is worth a warning."""


class FindingCode(StrEnum):
    """What preflight may find."""

    NOT_TRADING = "not_trading"
    LEVERAGE = "leverage"
    RISK_LIMIT = "risk_limit"
    CAP = "cap"
    PART_TOO_SMALL = "part_too_small"
    TOO_LARGE = "too_large"
    LEG_BEHIND_STOP = "leg_behind_stop"
    STOP_BEHIND_LIQUIDATION = "stop_behind_liquidation"
    STOP_NEAR_LIQUIDATION = "stop_near_liquidation"
    MARGIN = "margin"
    MARGIN_TOGETHER = "margin_together"
    LARGE_LOSS = "large_loss"
    VOLUME_SCALE = "volume_scale"
    NO_PRICE = "no_price"
    NO_CANDLES = "no_candles"


REFUSALS = frozenset({
    FindingCode.NOT_TRADING, FindingCode.LEVERAGE, FindingCode.RISK_LIMIT, FindingCode.CAP,
    FindingCode.PART_TOO_SMALL, FindingCode.TOO_LARGE, FindingCode.LEG_BEHIND_STOP,
    FindingCode.STOP_BEHIND_LIQUIDATION, FindingCode.MARGIN,
})  # fmt: skip
"""What keeps a bot from starting; the rest are warnings."""

_SENTENCES: Mapping[FindingCode, str] = {
    FindingCode.NOT_TRADING: "the contract is {status}: nothing can be opened in it",
    FindingCode.LEVERAGE: "leverage {leverage} is more than the contract's {limit}",
    FindingCode.RISK_LIMIT: "the whole position is worth {worth}, and leverage {leverage} ends at {limit}; "
    "for that worth at most {allowed} is offered",
    FindingCode.CAP: "the legs alone are worth {legs}, which leaves nothing of the cap of {limit} for the entry",
    FindingCode.PART_TOO_SMALL: "{part} would be {lots} lots worth {quote}; "
    "the venue takes at least {min_lots} lots worth {min_quote}",
    FindingCode.TOO_LARGE: "the whole position is {lots} lots, and one market order closes {limit} at most",
    FindingCode.LEG_BEHIND_STOP: "leg {leg} would stand at or beyond the stop at {stop}: it could never fill",
    FindingCode.STOP_BEHIND_LIQUIDATION: "after {part} the position is liquidated at {liquidation}, "
    "before its stop at {stop}",
    FindingCode.STOP_NEAR_LIQUIDATION: "after {part} only {room_pct} % lie between the stop at {stop} "
    "and the liquidation at {liquidation}",
    FindingCode.MARGIN: "the plan ties up {needed}, and the account has {available}",
    FindingCode.MARGIN_TOGETHER: "{positions} positions at once tie up {needed}, and the account has {available}: "
    "the last ones would be refused",
    FindingCode.LARGE_LOSS: "the stop of the whole position costs {loss}, {loss_pct} % of the equity",
    FindingCode.VOLUME_SCALE: "each leg is {scale} times the one before: the last ones decide the result",
    FindingCode.NO_CANDLES: "its distances hang on {candles} candles in a row, which are not there yet",
    FindingCode.NO_PRICE: "no price is known yet: nothing can be said of {symbol}",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found."""

    code: FindingCode
    numbers: Mapping[str, str | int]
    symbol: str = ""
    """Empty: it concerns the bot as a whole."""
    direction: int = 0
    """+1 long, -1 short, 0 both."""

    @property
    def refuses(self) -> bool:
        """Whether the bot must not start."""
        return self.code in REFUSALS

    @property
    def text(self) -> str:
        """The sentence for people."""
        return _SENTENCES[self.code].format_map(self.numbers)


@dataclass(frozen=True, slots=True)
class Together:
    """As many positions at once as the bot may have, the largest of its symbols first."""

    positions: int
    worth: int
    tied_up: int
    loss: int
    """Money lost if all of them end at their stops."""
    slots: int


def together(cases: Iterable[WorstCase], risk: RiskParams) -> Together:
    """Sum the worse direction of each symbol over as many as may be open at once."""
    worse: dict[str, WorstCase] = {}
    for case in cases:
        symbol = case.instrument.symbol
        if symbol not in worse or case.tied_up > worse[symbol].tied_up:
            worse[symbol] = case
    chosen = sorted(worse.values(), key=lambda c: (-c.tied_up, c.instrument.symbol))[
        : risk.max_open_positions
    ]
    return Together(
        positions=len(chosen),
        worth=sum(case.last.worth for case in chosen),
        tied_up=sum(case.tied_up for case in chosen),
        loss=sum(case.loss for case in chosen),
        slots=sum(case.slots for case in chosen),
    )


def of_plan(params: PlanParams) -> list[Finding]:
    """What is found without a market."""
    scale = params.averaging.volume_scale_ppm if params.averaging else 0
    if scale <= VOLUME_SCALE_WARN_PPM:
        return []
    return [Finding(FindingCode.VOLUME_SCALE, {"scale": _ratio(scale)})]


def of_contract(risk: RiskParams, instrument: Instrument) -> list[Finding]:
    """What is found in the contract, whatever its price."""
    found = []
    if not instrument.is_trading:
        found.append(Finding(FindingCode.NOT_TRADING, {"status": instrument.status}, instrument.symbol))
    if check_leverage(risk, instrument):
        numbers = {"leverage": _ratio(risk.leverage_ppm), "limit": plain(instrument.max_leverage)}
        found.append(Finding(FindingCode.LEVERAGE, numbers, instrument.symbol))
    return found


def of_denial(denial: Denial, symbol: str, direction: int) -> Finding:
    """Why sizing refuses the entry, in preflight's words."""
    numbers = dict(denial.numbers)
    if denial.code is DenialCode.TOO_SMALL:
        return Finding(FindingCode.PART_TOO_SMALL, {**numbers, "part": numbers["what"]}, symbol, direction)
    if denial.code is DenialCode.TOO_LARGE:
        return Finding(FindingCode.TOO_LARGE, {**numbers, "limit": numbers["max_lots"]}, symbol, direction)
    return Finding(FindingCode.CAP, numbers, symbol, direction)


def of_case(case: WorstCase, *, available: int) -> list[Finding]:
    """What is found in one worst case on an account with so much money to trade with."""
    numbers = [_leg_behind_stop(case), _liquidation(case), _risk_limit(case), _loss(case)]
    if case.tied_up > available:
        numbers.append((FindingCode.MARGIN, _money(needed=case.tied_up, available=available)))
    symbol = case.instrument.symbol
    found = [Finding(code, told, symbol, case.direction) for code, told in filter(None, numbers)]
    if case.denial is not None:
        found.append(of_denial(case.denial, symbol, case.direction))
    return found


def of_sum(sums: Together, *, available: int) -> list[Finding]:
    """What is found in all positions at once."""
    if sums.positions < 2 or sums.tied_up <= available:  # noqa: PLR2004 - one alone is judged by itself
        return []
    told = {"positions": sums.positions, **_money(needed=sums.tied_up, available=available)}
    return [Finding(FindingCode.MARGIN_TOGETHER, told)]


Told = tuple[FindingCode, Mapping[str, str | int]]


def _leg_behind_stop(case: WorstCase) -> Told | None:
    if not case.behind_stop:
        return None
    return FindingCode.LEG_BEHIND_STOP, {"leg": case.behind_stop, "stop": _price(case, case.last.stop)}


def _liquidation(case: WorstCase) -> Told | None:
    """The first step liquidated before its stop; else the one with the least room, if that is little."""
    behind = next((step for step in case.steps if step.room <= 0), None)
    tightest = behind or min(case.steps, key=room_ppm)
    told: dict[str, str | int] = {
        "part": part_name(tightest), "stop": _price(case, tightest.stop),
        "liquidation": _price(case, tightest.liquidation), "room_pct": percent(room_ppm(tightest)),
    }  # fmt: skip
    if behind is not None:
        return FindingCode.STOP_BEHIND_LIQUIDATION, told
    return (FindingCode.STOP_NEAR_LIQUIDATION, told) if room_ppm(tightest) < NEAR_LIQUIDATION_PPM else None


def _risk_limit(case: WorstCase) -> Told | None:
    """The venue lends less for a larger position: the tiers of its risk limits."""
    tiers, worth = case.instrument.tiers, case.last.worth
    limit = limit_at(tiers, case.leverage_ppm)
    if worth <= limit:
        return None
    allowed = _ratio(tier_of(tiers, worth).leverage_ppm)
    told = {**_money(worth=worth, limit=limit), "leverage": _ratio(case.leverage_ppm), "allowed": allowed}
    return FindingCode.RISK_LIMIT, told


def _loss(case: WorstCase) -> Told | None:
    if case.loss_ppm <= LARGE_LOSS_PPM:
        return None
    return FindingCode.LARGE_LOSS, {**_money(loss=case.loss), "loss_pct": percent(case.loss_ppm)}


def part_name(step: Step) -> str:
    """``the entry`` or ``leg 3``."""
    return f"leg {step.leg}" if step.leg else "the entry"


def percent(ppm: int) -> str:
    """Parts per million as percent with two decimals, rounded half even."""
    return f"{ppm / 10_000:.2f}"


def refusals(found: Sequence[Finding]) -> list[Finding]:
    """Those that keep a bot from starting."""
    return [finding for finding in found if finding.refuses]


def _price(case: WorstCase, ticks: int) -> str:
    return plain(case.instrument.price(ticks))


def _money(**units: int) -> dict[str, str | int]:
    return {name: plain(round(amount(value), 2)) for name, value in units.items()}


def _ratio(ppm: int) -> str:
    return f"{ppm / PPM:g}"
