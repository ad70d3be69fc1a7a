"""Why an order left or was refused, in the words of the simulated exchange."""

from __future__ import annotations

from trading_core.backtest.compiled import layout as at
from trading_core.execution.order import Side
from trading_core.market.instrument import Instrument
from trading_core.market.tiers import tier_of
from trading_core.money import PPM
from trading_core.simulator.orders import CancelReason
from trading_core.simulator.refusals import MESSAGES, Refusal

_PLAIN = {
    at.OK: "",
    at.BY_USER: CancelReason.BY_USER.value,
    at.BY_REDUCE_ONLY: CancelReason.BY_REDUCE_ONLY.value,
    at.BY_LIQUIDATION: CancelReason.BY_LIQUIDATION.value,
    at.WOULD_TAKE: CancelReason.POST_ONLY.value,
    at.NO_MATCH: CancelReason.NO_MATCH.value,
    at.NOTHING_TO_REDUCE: MESSAGES[Refusal.REDUCE_ONLY],
    at.TOO_FEW: "The number of contracts is less than the minimum allowed",
    at.TOO_MANY: "The number of contracts exceeds maximum limit allowed",
    at.NO_PRICE: "params error: price invalid",
    at.TOO_SMALL: MESSAGES[Refusal.TOO_SMALL],
    at.TOP_TIER: MESSAGES[Refusal.ABOVE_TOP_TIER],
    at.NO_BALANCE: MESSAGES[Refusal.NO_BALANCE],
}


def reason_of(row: list[int], instrument: Instrument) -> str:
    """The reason in an order's row."""
    reason, a, b = row[at.REASON], row[at.REASON_A], row[at.REASON_B]
    buys = row[at.SIGN] > 0
    side = Side.of(row[at.SIGN])
    if reason == at.WRONG_STOP:
        told, base = (int(instrument.tick_size * ticks * 10**8) for ticks in (a, b))
        word = "lower" if buys else "higher"
        return (
            f"StopLoss:{told} set for {side.value} position should {word} than base_price:{base}??LastPrice"
        )
    if reason == at.BEYOND_LIMIT:
        word, name = ("higher", "buyLmt") if buys else ("lower", "sellLmt")
        price, most = instrument.price(a), instrument.price(b)
        return f"Order price is out of permissible range: {side} price[{price:f}] is {word} than {name}[{most:f}]"
    if reason == at.RISK_LIMIT:
        allowed = f"{tier_of(instrument.tiers, a).leverage_ppm / PPM:g}"
        return (
            f"Order placement failed as your position may exceed the max limit. Please adjust your leverage"
            f" to {allowed} or below to increase the max limit."
        )
    return _PLAIN[reason]
