from __future__ import annotations

import pytest

from trading_core.errors import NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.errors import (
    DONE_CODES,
    EXISTS_CODES,
    NOT_SENT_CODES,
    REJECTED_CODES,
    Meaning,
    error_of,
    meaning,
)  # fmt: skip

AMBIGUOUS = [
    -1, 429, 10000, 10014, 10016, 10019, 10403, 10429, 20003, 20006, 110072, 110079,
    170007, 170146, 500000, 999999,
]  # fmt: skip


def test_lists_share_no_code() -> None:
    lists = [set(DONE_CODES), set(NOT_SENT_CODES), set(REJECTED_CODES), set(EXISTS_CODES)]
    assert sum(map(len, lists)) == len(set.union(*lists))


@pytest.mark.parametrize("code", AMBIGUOUS)
def test_unlisted_code_proves_nothing(code: int) -> None:
    assert meaning(code) is Meaning.UNKNOWN
    assert isinstance(error_of(code, "?"), OutcomeUnknown)


@pytest.mark.parametrize("code", [10002, 10006])
def test_refused_unread_may_be_made_again(code: int) -> None:
    assert isinstance(error_of(code, ""), NotSent)


@pytest.mark.parametrize("code", [110007, 110001, 110017, 10001, 10003])
def test_definite_refusal_is_rejected(code: int) -> None:
    error = error_of(code, "no")
    assert isinstance(error, Rejected)
    assert error.code == code


@pytest.mark.parametrize("code", [0, 110043, 34040, 110025])
def test_what_holds_already_is_done(code: int) -> None:
    assert error_of(code, "") is None
