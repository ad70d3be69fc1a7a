"""What an account must be before it is traded on, and what a refusal says about key, clock or instrument."""

from __future__ import annotations

import logging

from ailona.kit import clock
from bots.trader.markets import Market
from trading_core.errors import ExchangeError
from trading_core.exchanges.bybit.account import BybitExchange
from trading_core.exchanges.bybit.errors import CLOCK_REFUSED, INSTRUMENT_CODES
from trading_core.exchanges.bybit.keys import KeyReport, judged
from trading_core.exchanges.bybit.retcodes import Action, retcode

log = logging.getLogger(__name__)

ISOLATED = "ISOLATED_MARGIN"
SKEW_MAX_MS = 500


def check_account(exchange: BybitExchange) -> KeyReport:
    """Read clock, key and modes of a live account; blocks, raises an ``ExchangeError``.

    Nothing is switched here: a mode is the owner's to change.
    """
    skew = exchange.measure_clock()
    if abs(skew) > SKEW_MAX_MS:
        log.warning("our clock is %d ms off the venue's", -skew)
    report = judged(exchange.key_information(), now_ms=clock.wall_ms())
    refusals, warnings = list(report.refusals), list(report.warnings)
    mode = exchange.margin_mode()
    if mode != ISOLATED:
        warnings.insert(0, f"margin mode is {mode}, isolated margin is expected: change it on the exchange")
    if exchange.hedged():
        refusals.append("the position mode is hedge: switch it to one-way on the exchange")
    return KeyReport(report.user_id, tuple(refusals), tuple(warnings))


def words_of(report: KeyReport) -> str:
    """Return a report for the account's page; empty if there is nothing to say."""
    refused = f"not traded with: {'; '.join(report.refusals)}" if report.refusals else ""
    return "; ".join(filter(None, [refused, *report.warnings]))


def learned(exchange: BybitExchange, market: Market, error: ExchangeError) -> str:
    """Act on what a refusal says beside its own request; return what the owner must know, or nothing.

    Blocks: a refused timestamp measures the clock again.
    """
    if error.code == CLOCK_REFUSED:
        try:
            log.warning("timestamp refused: our clock is %d ms off the venue's", -exchange.measure_clock())
        except ExchangeError as e:
            log.warning("timestamp refused, and the venue's clock can't be read: %s", e)
    if error.code in INSTRUMENT_CODES:
        market.refresh_wanted.set()
    if retcode(error.code).write in (Action.HALT, Action.PAUSE):
        return f"the exchange refuses: {error}"
    return ""
