from __future__ import annotations

from typing import Any

import pytest

from trading_core.exchanges.bybit.keys import judged

NOW_MS = 1_700_000_000_000
"""2023-11-14T22:13:20Z."""
GOOD: dict[str, Any] = {
    "readOnly": 0, "uta": 1, "userID": 24617703, "isMaster": False, "ips": ["203.0.113.7"],
    "expiredAt": "2024-03-01T00:00:00Z",
    "permissions": {
        "ContractTrade": ["Order", "Position"], "Spot": ["SpotTrade"], "Wallet": [], "Options": [],
        "Derivatives": ["DerivativesTrade"], "Exchange": [], "Earn": [], "FiatP2P": [], "Affiliate": None,
    },
}  # fmt: skip


def with_rights(**rights: Any) -> dict[str, Any]:
    return GOOD | {"permissions": GOOD["permissions"] | rights}


def test_good_key_is_found_good() -> None:
    report = judged(GOOD, now_ms=NOW_MS)
    assert (report.user_id, report.refusals, report.warnings) == ("24617703", (), ())


@pytest.mark.parametrize(
    "rights",
    [
        {"Wallet": ["AccountTransfer"]}, {"Wallet": ["Withdraw"]}, {"Wallet": ["SubMemberTransferList"]},
        {"Exchange": ["ExchangeHistory"]}, {"Earn": ["Earn"]}, {"FiatP2P": ["Advertising"]},
        {"FiatBitPay": ["X"]}, {"FiatConvertBroker": ["X"]}, {"BitCard": ["X"]}, {"Affiliate": ["Affiliate"]},
        {"BlockTrade": ["BlockTrade"]}, {"Tomorrow": ["Anything"]}, {"Wallet": "Withdraw"},
        {"Wallet": {"Withdraw": True}}, {"wallet": ["Withdraw"]}, {"Wallet": [None]}, {"Wallet": 1},
    ],
)  # fmt: skip
def test_key_that_can_move_money_is_refused(rights: dict[str, Any]) -> None:
    (refusal,) = judged(with_rights(**rights), now_ms=NOW_MS).refusals
    assert next(iter(rights)) in refusal


@pytest.mark.parametrize("trade", [[], ["Order"], ["Position"], "OrderPosition", None, {"Order": 1}])
def test_key_that_cannot_trade_is_refused(trade: Any) -> None:
    assert any(
        "ContractTrade" in text for text in judged(with_rights(ContractTrade=trade), now_ms=0).refusals
    )


@pytest.mark.parametrize(
    "change,words",
    [
        ({"readOnly": 1}, "read-only"), ({"readOnly": "1"}, "read-only"), ({"readOnly": None}, "read-only"),
        ({"uta": 0}, "unified"), ({"uta": None}, "unified"), ({"uta": "yes"}, "unified"),
        ({"userID": 0}, "no user"), ({"userID": None}, "no user"), ({"userID": True}, "no user"),
        ({"permissions": None}, "no permissions"), ({"permissions": []}, "no permissions"),
        ({"permissions": "all"}, "no permissions"),
    ],
)  # fmt: skip
def test_key_of_the_wrong_kind_is_refused(change: dict[str, Any], words: str) -> None:
    assert any(words in text for text in judged(GOOD | change, now_ms=NOW_MS).refusals)


def test_empty_answer_is_refused_whole() -> None:
    assert len(judged({}, now_ms=NOW_MS).refusals) == 4


@pytest.mark.parametrize(
    "change,words",
    [
        ({"ips": ["*"]}, "IP"), ({"ips": []}, "IP"), ({"ips": None}, "IP"), ({"ips": ["203.0.113.7", "*"]}, "IP"),
        ({"isMaster": True}, "master"), ({"isMaster": None}, "master"),
        ({"expiredAt": "2023-11-28T00:00:00Z"}, "within 14 days"),
        ({"expiredAt": "2023-11-20T00:00:00Z"}, "within 7 days"),
        ({"expiredAt": "2023-11-15T00:00:00"}, "within a day"),
        ({"expiredAt": "2023-11-01T00:00:00Z"}, "within a day"),
    ],
)  # fmt: skip
def test_risky_key_is_warned_of(change: dict[str, Any], words: str) -> None:
    report = judged(GOOD | change, now_ms=NOW_MS)
    assert report.refusals == ()
    assert [words in text for text in report.warnings] == [True]


@pytest.mark.parametrize("expires", ["", None, "soon", 5, "2023-12-30T00:00:00Z"])
def test_far_or_unreadable_expiry_is_no_warning(expires: Any) -> None:
    assert judged(GOOD | {"expiredAt": expires}, now_ms=NOW_MS).warnings == ()
