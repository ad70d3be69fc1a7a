"""Preflight against the simulator: a forced worst case arrives exactly where the table said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.trading_core.engine.documents import FALLING, RISING, document
from tests.trading_core.risk.forced import SYMBOL, Forced
from tests.trading_core.simulator.worlds import instrument
from trading_core.engine.document import BotDocument
from trading_core.engine.preflight import Preflight, as_data, preflight
from trading_core.errors import DocumentInvalid
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import plausible_tiers, tier_of
from trading_core.money import amount, money
from trading_core.plan.recent import Recent
from trading_core.risk.preflight import FindingCode
from trading_core.risk.worst_case import WorstCase

ETH = replace(instrument(), tiers=plausible_tiers(money("20000"), 5_000, Decimal(100)))
"""Tiers so narrow that a ladder crosses several."""
BOTH = {"inline": {"schema": 1, "long": RISING, "short": FALLING}}
TEN_LEGS: dict[str, Any] = {
    "rules": BOTH,
    "plan.size": {"mode": "quote", "quote": "3000"},
    "plan.averaging": {
        "legs": 10, "deviation_pct": "0.8", "step_scale": "1.15", "quote": "3000",
        "volume_scale": "1.3", "resting": 3,
    },
    "plan.stop": {"pct": "18", "base": "entry"},
    "risk.leverage": "4",
    "risk.max_position_quote": "200000",
    "wallet": {"balance": "100000"},
}  # fmt: skip


def judge(bot: BotDocument, contract: Instrument = ETH, price: int = 200_000, **more: Any) -> Preflight:
    return preflight(bot, {SYMBOL: contract}, {SYMBOL: price}, equity=bot.balance, **more)


def codes(result: Preflight) -> set[FindingCode]:
    return {finding.code for finding in result.findings}


def down_the_ladder(bot: BotDocument, case: WorstCase, contract: Instrument = ETH) -> Forced:
    """Fill every part; after each the account must stand as its row says."""
    first = case.steps[0]
    run = Forced(bot, contract, direction=case.direction, price=case.price, lots=first.lots)
    for step in case.steps:
        if step.leg or run.position.is_flat:
            run.through(step.ticks)
        assert run.position == step.position
        assert (run.margin, run.maintenance) == (step.margin, step.maintenance)
        assert run.liquidation == step.liquidation
        assert run.account.stop(SYMBOL) == step.stop
    return run


def lost(bot: BotDocument, run: Forced) -> int:
    assert run.position.is_flat
    return bot.balance - run.account.wallet


@pytest.mark.parametrize("base", ["entry", "average"])
@pytest.mark.parametrize("side", [0, 1], ids=["long", "short"])
def test_ten_legs_to_the_stop(side: int, base: str) -> None:
    stop = {"pct": "18", "base": base}
    bot = document({**TEN_LEGS, "plan.stop": stop})
    case = judge(bot).cases[side]

    tiers = {tier_of(ETH.tiers, step.worth).number for step in case.steps}
    assert len(case.steps) == 11
    assert len(tiers) >= 4

    run = down_the_ladder(bot, case)
    run.go(case.last.stop)

    assert lost(bot, run) == case.loss
    assert run.desk.journal.executions[-1].ticks == case.exit_ticks


@pytest.mark.parametrize("side", [0, 1], ids=["long", "short"])
def test_ten_legs_to_the_liquidation_when_the_stop_is_gone(side: int) -> None:
    bot = document(TEN_LEGS)
    case = judge(bot).cases[side]
    run = down_the_ladder(bot, case)
    run.drop_stop()

    run.go(case.last.liquidation + case.direction, tended=False)
    assert not run.position.is_flat

    run.go(case.last.liquidation, tended=False)
    assert lost(bot, run) == case.liquidation_loss
    assert case.liquidation_loss > case.loss


PERCENT = st.integers(10, 300).map(lambda tenths: str(Decimal(tenths) / 100))
TABLE = [{"deviation": "0.5", "quote": "100"}, {"deviation": "1.2", "quote": "4000"}]
PLANS = st.fixed_dictionaries(
    {
        "plan.entry": st.one_of(
            st.just({"type": "market"}),
            st.builds(
                lambda kind, pct: {"type": kind, "offset_pct": pct, "timeout_candles": 5},
                st.sampled_from(["limit", "post_only"]),
                PERCENT,
            ),
        ),
        "plan.averaging": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {
                    "legs": st.integers(1, 12),
                    "deviation_pct": PERCENT,
                    "step_scale": st.sampled_from(["0.8", "1", "1.25", "1.6"]),
                    "quote": st.sampled_from(["40", "333.33", "2500"]),
                    "volume_scale": st.sampled_from(["0.7", "1", "1.4", "2"]),
                    "resting": st.integers(1, 10),
                    "from": st.sampled_from(["entry", "entry", "average"]),
                    "spacing": st.sampled_from(["0", "0", "2.5"]),
                    "cap_equity_pct": st.sampled_from([None, None, "15"]),
                    "table": st.sampled_from([[], [], TABLE]),
                }
            ),
        ),
        "plan.stop": st.fixed_dictionaries(
            {
                "pct": st.sampled_from(["1.5", "7.77", "20", "33"]),
                "base": st.sampled_from(["entry", "average"]),
            }
        ),
        "plan.size": st.sampled_from(
            [
                {"mode": "quote", "quote": "123.45"},
                {"mode": "equity_pct", "pct": "3.3"},
                {"mode": "risk_pct", "pct": "0.7"},
            ]
        ),
        "risk.leverage": st.sampled_from(["1", "2", "3.5", "10"]),
    }
)


@given(changes=PLANS, price=st.integers(5_000, 900_000), side=st.sampled_from([1, -1]))
@settings(max_examples=120, suppress_health_check=[HealthCheck.filter_too_much])
def test_any_plan_that_may_start_ends_as_its_table_says(
    changes: dict[str, Any], price: int, side: int
) -> None:
    try:
        bot = document(
            {
                "rules": BOTH,
                **changes,
                "risk.max_position_quote": "900000",
                "wallet": {"balance": "1000000"},
            }
        )
    except DocumentInvalid:
        assume(False)
    result = judge(bot, price=price)
    assume(not result.refused)
    case = next(one for one in result.cases if one.direction == side)

    run = down_the_ladder(bot, case)
    run.go(case.last.stop)

    assert lost(bot, run) == case.loss


def test_a_capped_market_entry_fills_at_its_cap_at_worst() -> None:
    bot = document({"plan.entry": {"type": "market", "slippage_pct": "0.5"}, "plan.averaging": None})
    case = judge(bot).cases[0]
    first = case.steps[0]
    run = Forced(bot, ETH, direction=1, price=case.price, lots=first.lots, opens=first.ticks - 1)

    assert first.ticks == 201_000
    assert run.position == first.position
    run.go(case.last.stop)
    assert lost(bot, run) == case.loss


def test_legs_that_wait_for_the_price_to_come_back_cost_more() -> None:
    changes = {"plan.averaging.volume_scale": "1.4"}
    resting = judge(document(changes)).cases[0]
    waiting = judge(document({**changes, "plan.averaging.retrace_pct": "0.3"})).cases[0]

    pairs = list(zip(resting.steps[1:], waiting.steps[1:], strict=True))
    assert all(later.ticks > level.ticks * 1.003 for level, later in pairs)
    assert waiting.loss > resting.loss
    assert waiting.slots == 2


def test_distances_drawn_from_candles_need_them() -> None:
    """Ranges of 2 % of the price: the first leg lies one of them below the entry."""
    atr = {
        "legs": 2,
        "deviation_pct": "1",
        "unit": "atr",
        "step_scale": "1",
        "quote": "200",
        "volume_scale": "1",
        "resting": 2,
    }
    bot = document({"plan.averaging": atr, "plan.stop": {"pct": "8", "base": "entry"}})
    recent = Recent((202_000,) * 15, (198_000,) * 15, (200_000,) * 15)

    assert codes(judge(bot)) == {FindingCode.NO_CANDLES}
    case = judge(bot, recents={SYMBOL: recent}).cases[0]
    assert [step.ticks for step in case.steps] == [200_020, 196_019, 192_019]


def test_a_stop_drawn_from_the_market_is_taken_at_its_widest() -> None:
    drawn = {"pct": "4", "base": "entry", "drawn": {"from": "atr", "multiple": "1", "candles": 14}}
    wide = judge(document({"plan.averaging": None})).cases[0]

    assert judge(document({"plan.averaging": None, "plan.stop": drawn})).cases[0].loss == wide.loss


SMALL = {"mode": "quote", "quote": "4"}
LARGE = {"mode": "quote", "quote": "200000"}
REFUSED: list[tuple[FindingCode, dict[str, Any], dict[str, Any]]] = [
    (FindingCode.NOT_TRADING, {}, {"status": "Delivering"}),
    (FindingCode.LEVERAGE, {"risk.leverage": "3"}, {"max_leverage": Decimal(2)}),
    (FindingCode.PART_TOO_SMALL, {"plan.size": SMALL}, {}),
    (FindingCode.PART_TOO_SMALL, {}, {"min_lots": 11}),
    (FindingCode.TOO_LARGE, {}, {"max_market_lots": 30}),
    (FindingCode.MARGIN, {"wallet": {"balance": "400"}}, {}),
    (FindingCode.CAP, {"plan.size": {"mode": "equity_pct", "pct": "5"}, "risk.max_position_quote": "950"}, {}),
    (
        FindingCode.RISK_LIMIT,
        {"plan.size": LARGE, "plan.averaging": None, "risk.leverage": "20", "risk.max_position_quote": "200000"},
        {},
    ),
    (
        FindingCode.STOP_BEHIND_LIQUIDATION,
        {"plan.size": LARGE, "plan.averaging": None, "risk.leverage": "20", "risk.max_position_quote": "200000"},
        {"tiers": plausible_tiers(money("20000"), 20_000, Decimal(100))},
    ),
    (FindingCode.LEG_BEHIND_STOP, {}, {"tick_size": Decimal(100), "qty_step": Decimal("0.001")}),
]  # fmt: skip


@pytest.mark.parametrize("code, changes, contract", REFUSED)
def test_refusals(code: FindingCode, changes: dict[str, Any], contract: dict[str, Any]) -> None:
    told = replace(ETH, **contract)
    price = told.nearest_ticks(2_000.0)
    result = judge(document(changes), told, price)

    assert code in {finding.code for finding in result.refused}
    assert all(finding.text for finding in result.findings)


def test_an_ordinary_plan_is_neither_refused_nor_warned_of() -> None:
    result = judge(document({"plan.averaging.volume_scale": "1.4"}))

    assert result.findings == ()
    assert not as_data(result)["refused"]


def test_a_plan_that_starts_beyond_its_liquidation_is_liquidated() -> None:
    changes, contract = next((a, b) for code, a, b in REFUSED if code is FindingCode.STOP_BEHIND_LIQUIDATION)
    bot, told = document({**changes, "wallet": {"balance": "100000"}}), replace(ETH, **contract)
    case = judge(bot, told).cases[0]
    position = case.last.position
    run = Forced(bot, ETH, direction=1, price=case.price, lots=1)
    run.account.ledger.book(SYMBOL).instrument = told
    run.account.ledger.book(SYMBOL).position = position

    assert run.liquidation == case.last.liquidation
    assert case.last.liquidation > case.last.stop


def test_warnings_leave_a_bot_free_to_start() -> None:
    bot = document(
        {
            "plan.averaging.volume_scale": "2", "plan.size": {"mode": "quote", "quote": "3000"},
            "universe": {"symbols": ["ETHUSDT", "BTCUSDT", "SOLUSDT"]}, "wallet": {"balance": "3800"},
        }
    )  # fmt: skip
    contracts = {symbol: replace(ETH, symbol=symbol) for symbol in ("ETHUSDT", "BTCUSDT")}
    prices = dict.fromkeys(contracts, 200_000)

    result = preflight(bot, contracts, prices, equity=bot.balance)

    assert codes(result) == {
        FindingCode.VOLUME_SCALE, FindingCode.NO_PRICE, FindingCode.MARGIN_TOGETHER,
    }  # fmt: skip
    assert not result.refused
    assert result.together.positions == 2
    assert result.together.loss == sum(case.loss for case in result.cases)


def test_money_that_is_bound_elsewhere_is_not_there() -> None:
    assert not judge(document()).refused
    assert codes(judge(document(), available=money("100"))) >= {FindingCode.MARGIN}
    bot = document()
    kept = replace(bot, limits=replace(bot.limits, reserve_ppm=960_000))
    assert codes(judge(kept)) >= {FindingCode.MARGIN}


def test_the_table_adds_up_by_hand() -> None:
    """One entry of 200 at 2,000: 0.1 ETH bought at 2,000.20 (0.01 % slippage), stop 4 % below it, 2x.

    Worth 200.02; fee 0.110011. Stop 1,920.192, rounded up to 1,920.20; filled 0.01 % (20 ticks of
    19.202, rounded up) lower at 1,920.00: lost 8.02, fee 0.1056. Liquidation 2,000.20 x 0.505.
    """
    bot = document({"plan.averaging": None})
    case = judge(bot).cases[0]
    step = case.last

    assert (step.ticks, step.lots, amount(step.fee)) == (200_020, 10, Decimal("0.110011"))
    assert (step.stop, case.exit_ticks) == (192_020, 192_000)
    assert step.liquidation == 101_011
    assert amount(step.margin) == Decimal("100.01")
    assert amount(case.loss) == Decimal("8.02") + Decimal("0.110011") + Decimal("0.1056")
