"""What an account must be before it is traded on, and what a refusal says about key, clock or instrument."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from ailona.kit import clock
from bots.trader.markets import Market
from trading_core.errors import ExchangeError
from trading_core.exchanges.bybit.account import BybitExchange, FeeRates
from trading_core.exchanges.bybit.errors import CLOCK_REFUSED, INSTRUMENT_CODES
from trading_core.exchanges.bybit.keys import KeyReport, judged
from trading_core.exchanges.bybit.retcodes import Action, retcode

log = logging.getLogger(__name__)

ISOLATED = "ISOLATED_MARGIN"
SKEW_MAX_MS = 500


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a complete look at a live account found."""

    report: KeyReport
    wallet: int = 0
    """Wallet balance in money units; 0 when the key was refused."""
    fees: dict[str, FeeRates] = field(default_factory=dict)
    """By contract; empty when the key was refused."""


def inspected(exchange: BybitExchange) -> Inspection:
    """Look at clock, key, modes, wallet and fees of a live account; blocks.

    A return code that says the key can't be used is a finding; every other ``ExchangeError`` is raised:
    it says nothing of the key.
    """
    try:
        report = check_account(exchange)
        if report.refusals:
            return Inspection(report)
        return Inspection(report, exchange.wallet().balance, exchange.fee_rates())
    except ExchangeError as e:
        if retcode(e.code).read is not Action.HALT:
            raise
        return Inspection(KeyReport("", (f"the exchange refuses the key: {e}",), ()))


def check_account(exchange: BybitExchange) -> KeyReport:
    """Read clock, key and modes of a live account; blocks, raises an ``ExchangeError``.

    Nothing is switched here: a mode is the owner's to change.
    """
    skew = exchange.measure_clock()
    if abs(skew) > SKEW_MAX_MS:
        log.warning("our clock is %d ms off the venue's", -skew)
    report = judged(exchange.key_information(), now_ms=clock.wall_ms())
    refusals = [*report.refusals, *_wrong_modes(exchange)]
    return KeyReport(report.user_id, tuple(refusals), report.warnings)


def _wrong_modes(exchange: BybitExchange) -> list[str]:
    """Say what has to be changed on Bybit before our stops and margins mean what they say."""
    found = []
    mode = exchange.margin_mode()
    if mode != ISOLATED:
        found.append(
            f"the margin mode is {mode or 'not told'}: choose Isolated Margin in Bybit's account settings"
        )
    if exchange.hedged():
        found.append("the position mode is hedge: choose One-Way Mode in Bybit's settings of USDT perpetuals")
    return found


def learned(exchange: BybitExchange, market: Market, error: ExchangeError) -> None:
    """Act on what a refusal says beside its own request; blocks.

    A refused timestamp measures the clock again, a refusal that a changed instrument explains reads
    instruments again.
    """
    if error.code == CLOCK_REFUSED:
        try:
            log.warning("timestamp refused: our clock is %d ms off the venue's", -exchange.measure_clock())
        except ExchangeError as e:
            log.warning("timestamp refused, and the venue's clock can't be read: %s", e)
    if error.code in INSTRUMENT_CODES:
        market.refresh_wanted.set()
