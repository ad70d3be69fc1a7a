from __future__ import annotations

from collections import Counter

import pytest

from trading_core.errors import ExchangeError, NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.errors import CLOCK_REFUSED, INSTRUMENT_CODES, ORDER_GONE, error_of
from trading_core.exchanges.bybit.retcodes import RETCODES, UNLISTED, Action, Meaning, RetCode, retcode
from trading_core.simulator.refusals import Refusal
from trading_core.simulator.spot.refusals import SpotRefusal

NAMED = """
    0 -2015 429 10000 10001 10002 10003 10004 10005 10006 10007 10008 10009 10010 10014 10016 10017 10019
    10024 10027 10028 10029 10403 10429 20003 20006 30208 30209 30228 33004 34040 100028 110001 110003
    110004 110006 110007 110008 110009 110010 110011 110012 110013 110014 110017 110020 110021 110023 110024
    110025 110026 110027 110028 110029 110039 110040 110043 110044 110045 110046 110048 110051 110052 110053
    110058 110059 110061 110066 110072 110074 110079 110086 110089 110090 110092 110093 110094 110120 110121
    110123 110124 110125 110132 170001 170005 170007 170032 170033 170116 170117 170121 170124 170131 170132
    170133 170134 170135 170136 170137 170139 170140 170141 170142 170143 170146 170147 170148 170149 170193
    170194 170213 170222 170241 170810 182021 500000 3200403 3400045
"""
"""The codes of the v5 documentation that an order platform can meet."""

PROVEN = {Meaning.DONE: None, Meaning.NOT_SENT: NotSent, Meaning.REJECTED: Rejected,
          Meaning.UNKNOWN: OutcomeUnknown}  # fmt: skip
FITTING = {
    Meaning.DONE: {Action.OK},
    Meaning.NOT_SENT: {Action.RETRY},
    Meaning.REJECTED: {Action.REJECT, Action.FIX, Action.PAUSE, Action.HALT, Action.RECON},
    Meaning.UNKNOWN: {Action.RECON, Action.PAUSE, Action.HALT, Action.FIX},
}


def test_no_code_stands_twice() -> None:
    assert [code for code, times in Counter(row.code for row in RETCODES).items() if times > 1] == []


def test_every_named_code_is_in_the_table() -> None:
    assert {int(code) for code in NAMED.split()} == {row.code for row in RETCODES}


def test_every_code_that_our_venue_refuses_an_order_with_is_known() -> None:
    assert {*Refusal, *SpotRefusal} <= {row.code for row in RETCODES}


@pytest.mark.parametrize("row", RETCODES, ids=lambda row: str(row.code))
def test_code_becomes_the_error_it_proves_and_fits_its_action(row: RetCode) -> None:
    error: ExchangeError | None = error_of(row.code, "words")
    kind = PROVEN[row.proves]
    assert (error is None) if kind is None else (type(error) is kind and error.code == row.code)
    assert row.write in FITTING[row.proves]
    assert row.words


@pytest.mark.parametrize("code", [-1, 1, 999999, 110999])
def test_unlisted_code_proves_nothing(code: int) -> None:
    assert retcode(code) is UNLISTED
    assert UNLISTED.write is Action.RECON
    assert isinstance(error_of(code, "?"), OutcomeUnknown)


def test_nothing_ambiguous_is_a_refusal() -> None:
    ambiguous = (429, 10000, 10014, 10016, 10019, 10403, 10429, 20003, 20006, 110072, 170007, 500000)
    assert {retcode(code).proves for code in ambiguous} == {Meaning.UNKNOWN}


def test_codes_used_by_name_are_refusals_of_the_table() -> None:
    assert retcode(CLOCK_REFUSED).proves is Meaning.NOT_SENT
    assert retcode(ORDER_GONE).write is Action.RECON
    assert {retcode(code).proves for code in INSTRUMENT_CODES} == {Meaning.REJECTED}
