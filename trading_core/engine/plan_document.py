"""The plan of a bot document: what its JSON means, and its canonical form.

What a document leaves out is as it always was, and is left out of the canonical form too: a document
keeps its hash when the plan learns something new.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from trading_core.errors import DocumentInvalid
from trading_core.money import PPM, amount, plain
from trading_core.plan.params import (
    Averaging,
    Base,
    BreakEven,
    Decay,
    Distance,
    Entry,
    EntryType,
    Exits,
    PlanParams,
    Rung,
    Size,
    SizeMode,
    Stop,
    TakeProfit,
    TargetStep,
    Trailing,
    Unfilled,
    Unit,
)  # fmt: skip


def plan_of(data: dict[str, Any]) -> PlanParams:
    """The plan read by its shape; raise DocumentInvalid where its parts contradict each other."""
    exits = data["exits"]
    plan = PlanParams(
        entry=_entry(data["entry"]),
        size=_size(data["size"]),
        averaging=_averaging(data["averaging"]) if data["averaging"] else None,
        take_profit=_take_profit(data["take_profit"]) if data["take_profit"] else None,
        stop=_stop(data["stop"]),
        exits=Exits(
            exits["time_stop_minutes"], exits["on_rule"], exits["min_profit_pct"], exits["on_opposite"]
        ),
    )
    _check(plan)
    return plan


def _entry(data: dict[str, Any]) -> Entry:
    return Entry(
        EntryType(data["type"]),
        offset_ppm=data.get("offset_pct", 0),
        timeout_candles=data.get("timeout_candles", 0),
        slippage_ppm=data.get("slippage_pct"),
        requotes=data.get("requotes", 0),
        chase_ppm=data.get("chase_pct", 0),
        unfilled=Unfilled(data.get("unfilled", Unfilled.KEEP)),
    )


def _size(data: dict[str, Any]) -> Size:
    return Size(
        SizeMode(data["mode"]), data.get("quote", 0), data.get("pct", 0), data.get("reinvest_pct", PPM)
    )


def _averaging(data: dict[str, Any]) -> Averaging | None:
    table = tuple(_rung(row, Unit(data["unit"])) for row in data["table"])
    if not data["legs"] and not table:
        return None
    return Averaging(
        legs=data["legs"],
        deviation_ppm=data["deviation_pct"] * (100 if data["unit"] == Unit.ATR else 1),
        step_scale_ppm=data["step_scale"],
        quote=data["quote"],
        volume_scale_ppm=data["volume_scale"],
        resting=data["resting"],
        table=table,
        unit=Unit(data["unit"]),
        base=Base(data["from"]),
        min_minutes=data["min_minutes"],
        retrace_ppm=data["retrace_pct"],
        spacing_ppm=data["spacing"],
        cap_equity_ppm=data["cap_equity_pct"],
    )


def _rung(row: dict[str, Any], unit: Unit) -> Rung:
    """A row's deviation is percent, or multiples of the range."""
    return Rung(row["deviation"] // (1 if unit is Unit.ATR else 100), row["quote"])


def _take_profit(data: dict[str, Any]) -> TakeProfit:
    return TakeProfit(
        data["pct"],
        Base(data["base"]),
        steps=tuple(TargetStep(row["pct"], row["share_pct"]) for row in data["steps"]),
        trailing_ppm=data["trailing_pct"],
        decay=tuple(Decay(row["minutes"], row["pct"]) for row in data["decay"]),
    )


def _stop(data: dict[str, Any]) -> Stop:
    drawn, trailing, even = data["drawn"], data["trailing"], data["break_even"]
    return Stop(
        data["pct"],
        Base(data["base"]),
        drawn=Distance(drawn.get("multiple", 0), drawn["candles"], drawn["least_pct"]) if drawn else None,
        trailing=Trailing(trailing["activation_pct"], trailing["distance_pct"]) if trailing else None,
        break_even=BreakEven(even["trigger_pct"], even["offset_pct"]) if even else None,
    )


def _check(plan: PlanParams) -> None:
    target, legs = plan.take_profit, plan.averaging
    if target is not None:
        _check_rising("plan.take_profit.steps", [*(step.ppm for step in target.steps), target.ppm])
        _check_rising("plan.take_profit.decay", [step.minutes for step in target.decay])
        if sum(step.share_ppm for step in target.steps) >= PPM:
            raise DocumentInvalid(
                "plan.take_profit.steps", "the shares must leave something for the last target"
            )
    if legs is not None and legs.table:
        _check_rising("plan.averaging.table", [rung.deviation_ppm for rung in legs.table])
    if legs is not None and plan.size.mode is SizeMode.RISK_PCT:
        raise DocumentInvalid(
            "plan.size.mode", "an entry sized by its risk has no legs: they would lose more"
        )
    if plan.entry.type is EntryType.POST_ONLY and plan.entry.unfilled is Unfilled.COMPLETE:
        raise DocumentInvalid(
            "plan.entry.unfilled", "a post-only entry never takes, so it can't be completed"
        )
    even = plan.stop.break_even
    if even is not None and even.offset_ppm >= even.trigger_ppm:
        raise DocumentInvalid("plan.stop.break_even.offset_pct", "expected less than trigger_pct")


def _check_rising(path: str, numbers: list[int]) -> None:
    if sorted(set(numbers)) != numbers:
        raise DocumentInvalid(path, "expected each one farther than the one before")


def plan_data(plan: PlanParams) -> dict[str, Any]:
    """The plan as JSON-able data; what stands at its default is left out."""
    target = plan.take_profit
    return {
        "entry": _entry_data(plan.entry),
        "size": _size_data(plan.size),
        "averaging": _averaging_data(plan.averaging),
        "take_profit": _target_data(target) if target else None,
        "stop": _stop_data(plan.stop),
        "exits": {
            "time_stop_minutes": plan.exits.time_stop_minutes,
            "on_rule": plan.exits.on_rule,
            **_given(
                min_profit_pct=(_maybe(plan.exits.min_profit_ppm), None),
                on_opposite=(plan.exits.on_opposite, False),
            ),
        },
    }


def _given(**pairs: tuple[Any, Any]) -> dict[str, Any]:
    """The values that are not their defaults."""
    return {name: value for name, (value, default) in pairs.items() if value != default}


def _entry_data(entry: Entry) -> dict[str, Any]:
    if entry.type is EntryType.MARKET:
        return {"type": "market", **_given(slippage_pct=(_maybe(entry.slippage_ppm), None))}
    data = {
        "type": entry.type.value,
        "offset_pct": percent(entry.offset_ppm),
        "timeout_candles": entry.timeout_candles,
        **_given(unfilled=(entry.unfilled.value, Unfilled.KEEP.value)),
    }
    if entry.type is EntryType.LIMIT:
        return data | _given(slippage_pct=(_maybe(entry.slippage_ppm), "0.1"))
    return data | {"requotes": entry.requotes, "chase_pct": percent(entry.chase_ppm)}


def _size_data(size: Size) -> dict[str, Any]:
    if size.mode is SizeMode.QUOTE:
        return {"mode": "quote", "quote": plain(amount(size.quote))}
    reinvest = _given(reinvest_pct=(percent(size.reinvest_ppm), "100"))
    return {"mode": size.mode.value, "pct": percent(size.equity_ppm), **reinvest}


def _averaging_data(averaging: Averaging | None) -> dict[str, Any] | None:
    if averaging is None:
        return None
    scale = 100 if averaging.unit is Unit.ATR else 1
    return {
        "legs": averaging.legs,
        "deviation_pct": percent(averaging.deviation_ppm // scale),
        "step_scale": factor(averaging.step_scale_ppm),
        "quote": plain(amount(averaging.quote)),
        "volume_scale": factor(averaging.volume_scale_ppm),
        "resting": averaging.resting,
        **_given(
            table=([_rung_data(rung, averaging.unit) for rung in averaging.table], []),
            unit=(averaging.unit.value, Unit.PCT.value),
            min_minutes=(averaging.min_minutes, 0),
            retrace_pct=(percent(averaging.retrace_ppm), "0"),
            spacing=(factor(averaging.spacing_ppm), "0"),
            cap_equity_pct=(_maybe(averaging.cap_equity_ppm), None),
        ),
        **({"from": averaging.base.value} if averaging.base is not Base.ENTRY else {}),
    }


def _rung_data(rung: Rung, unit: Unit) -> dict[str, str]:
    deviation = factor(rung.deviation_ppm) if unit is Unit.ATR else percent(rung.deviation_ppm)
    return {"deviation": deviation, "quote": plain(amount(rung.quote))}


def _target_data(target: TakeProfit) -> dict[str, Any]:
    steps = [{"pct": percent(step.ppm), "share_pct": percent(step.share_ppm)} for step in target.steps]
    decay = [{"minutes": step.minutes, "pct": percent(step.ppm)} for step in target.decay]
    return {
        "pct": percent(target.ppm),
        "base": target.base.value,
        **_given(steps=(steps, []), trailing_pct=(_maybe(target.trailing_ppm), None), decay=(decay, [])),
    }


def _stop_data(stop: Stop) -> dict[str, Any]:
    data: dict[str, Any] = {"pct": percent(stop.ppm), "base": stop.base.value}
    if stop.drawn is not None:
        atr = {"from": "atr", "multiple": factor(stop.drawn.atr_ppm)}
        data["drawn"] = {
            **(atr if stop.drawn.atr_ppm else {"from": "structure"}),
            "candles": stop.drawn.candles,
            "least_pct": percent(stop.drawn.least_ppm),
        }
    if stop.trailing is not None:
        activation, distance = stop.trailing.activation_ppm, stop.trailing.distance_ppm
        data["trailing"] = {"activation_pct": percent(activation), "distance_pct": percent(distance)}
    if stop.break_even is not None:
        trigger, offset = stop.break_even.trigger_ppm, stop.break_even.offset_ppm
        data["break_even"] = {"trigger_pct": percent(trigger), "offset_pct": percent(offset)}
    return data


def percent(ppm: int) -> str:
    """Parts per million as a percentage."""
    return plain(Decimal(ppm).scaleb(-4))


def factor(ppm: int) -> str:
    """Parts per million as a factor."""
    return plain(Decimal(ppm).scaleb(-6))


def _maybe(ppm: int | None) -> str | None:
    return None if ppm is None else percent(ppm)
