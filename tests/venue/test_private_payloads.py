"""Private answers and pushes hold every key of the documented examples, with the same JSON types."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pybit.unified_trading import HTTP

from tests.venue.shapes import misses
from tests.venue.venues import PybitStream, VenueProcess

SYMBOL = "ETHUSDT"
ORDER = {"category": "linear", "symbol": SYMBOL}
LIMIT = {**ORDER, "side": "Buy", "orderType": "Limit", "qty": "0.10", "price": "990"}
Open = Callable[..., PybitStream]
Eventually = Callable[..., Any]
Examples = dict[str, dict[str, list[dict[str, Any]]]]


@pytest.fixture(scope="session")
def examples(market_data: Path) -> Examples:
    """Documented payloads by group and name."""
    text = (market_data / "payloads" / "bybit" / "v5-documentation-examples.json").read_text()
    parsed: Examples = json.loads(text)
    return parsed


def settled(venue: VenueProcess, reference: str) -> HTTP:
    """A client whose account has an order, a position, executions and a closed trade."""
    session = venue.client(venue.account(reference))
    session.ignore_codes = {3400045}
    session.place_order(**ORDER, side="Buy", orderType="Market", qty="2", orderLinkId="in", stopLoss="900")
    session.place_order(**ORDER, side="Sell", orderType="Market", qty="1", reduceOnly=True)
    session.place_order(**LIMIT, orderLinkId="rests", stopLoss="900")
    session.place_order(
        **LIMIT, orderLinkId="waits", triggerPrice="1005", triggerDirection=1, takeProfit="1100"
    )
    session.place_order(**LIMIT, orderLinkId="gone")
    session.cancel_order(**ORDER, orderLinkId="gone")
    return session


QUERIES: dict[tuple[str, str], Callable[[HTTP], Any]] = {
    ("order", "open-order"): lambda s: s.get_open_orders(**ORDER),
    ("order", "order-list"): lambda s: s.get_order_history(**ORDER),
    ("order", "execution"): lambda s: s.get_executions(**ORDER),
    ("position", "position"): lambda s: s.get_positions(**ORDER),
    ("position", "close-pnl"): lambda s: s.get_closed_pnl(**ORDER),
    ("position", "batch-lvg"): lambda s: s._submit_request(
        method="GET", path=f"{s.endpoint}/v5/position/symbol-info", query=dict(ORDER), auth=True
    ),
    ("account", "account-info"): lambda s: s.get_account_info(),
    ("account", "wallet-balance"): lambda s: s.get_wallet_balance(accountType="UNIFIED"),
    ("account", "fee-rate"): lambda s: s.get_fee_rates(**ORDER),
    ("account", "transaction-log"): lambda s: s.get_transaction_log(accountType="UNIFIED"),
    ("account", "collateral-info"): lambda s: s.get_collateral_info(),
    ("account", "smp-group"): lambda s: s.get_smp_group(),
    ("account", "dcp-info"): lambda s: [
        s.set_dcp(timeWindow=40, product="DERIVATIVES"), s.query_dcp_info(),
    ][-1],
    ("account", "unified-trans-amnt"): lambda s: s.get_transferable_amount(coinName="USDT"),
}  # fmt: skip
COMMANDS: dict[tuple[str, str], Callable[[HTTP], Any]] = {
    ("order", "create-order"): lambda s: s.place_order(**LIMIT, orderLinkId="new"),
    ("order", "amend-order"): lambda s: s.amend_order(**ORDER, orderLinkId="rests", qty="0.2"),
    ("order", "cancel-order"): lambda s: s.cancel_order(**ORDER, orderLinkId="rests"),
    ("order", "cancel-all"): lambda s: s.cancel_all_orders(**ORDER),
    ("order", "batch-place"): lambda s: s.place_batch_order(category="linear", request=[LIMIT, LIMIT]),
    ("order", "batch-amend"): lambda s: s.amend_batch_order(
        category="linear", request=[{"symbol": SYMBOL, "orderLinkId": "rests", "qty": "0.3"}]
    ),
    ("order", "batch-cancel"): lambda s: s.cancel_batch_order(
        category="linear", request=[{"symbol": SYMBOL, "orderLinkId": "rests"}]
    ),
    ("order", "dcp"): lambda s: s.set_dcp(timeWindow=40, product="DERIVATIVES"),
    ("account", "set-margin-mode"): lambda s: s._submit_request(
        method="POST",
        path=f"{s.endpoint}/v5/account/set-margin-mode",
        query={"setMarginMode": "PORTFOLIO_MARGIN"},
        auth=True,
    ),
    ("position", "leverage"): lambda s: s.set_leverage(**ORDER, buyLeverage="3", sellLeverage="3"),
    ("position", "position-mode"): lambda s: s.switch_position_mode(category="linear", coin="USDT", mode=0),
    ("position", "trading-stop"): lambda s: s.set_trading_stop(
        **ORDER, stopLoss="910", positionIdx=0, tpslMode="Full"
    ),
    ("position", "auto-add-margin"): lambda s: s.set_auto_add_margin(**ORDER, autoAddMargin=0),
    ("position", "confirm-mmr"): lambda s: s.confirm_new_risk_limit(**ORDER),
}


@pytest.mark.real_data
@pytest.mark.parametrize("name", QUERIES, ids="/".join)
def test_queries_answer_as_documented(
    name: tuple[str, str], still_venue: VenueProcess, examples: Examples
) -> None:
    session = settled(still_venue, "settled-" + "-".join(name))

    answer = QUERIES[name](session)

    for example in examples[name[0]][name[1]]:
        assert misses(example, answer) == []


@pytest.mark.real_data
@pytest.mark.parametrize("name", COMMANDS, ids="/".join)
def test_commands_answer_as_documented(
    name: tuple[str, str], still_venue: VenueProcess, examples: Examples
) -> None:
    session = settled(still_venue, "commands-" + "-".join(name))

    answer = COMMANDS[name](session)

    for example in examples[name[0]][name[1]]:
        assert misses(example, answer) == []


@pytest.mark.real_data
def test_pushes_are_as_documented(
    still_venue: VenueProcess, stream: Open, eventually: Eventually, examples: Examples
) -> None:
    account = still_venue.account("pushes")
    heard: PybitStream = stream(still_venue, "private", account)
    topics = {
        "order": "order", "execution": "execution", "execution.fast": "fast-execution",
        "position": "position", "wallet": "wallet",
    }  # fmt: skip
    for name in topics.values():
        getattr(heard.socket, f"{name.replace('-', '_')}_stream")(heard.hear)
    state = f"/accounts/{account['uid']}"
    eventually(lambda: len(still_venue.call(state)["topics"]) == len(topics), timeout_s=30)

    session = still_venue.client(account)
    session.place_order(**ORDER, side="Buy", orderType="Market", qty="1", orderLinkId="in")
    session.place_order(**ORDER, side="Sell", orderType="Market", qty="1", reduceOnly=True)

    eventually(lambda: heard.topics().count("wallet") == 2, timeout_s=30)
    for topic, name in topics.items():
        pushed = [m for m in heard.heard if m["topic"] == topic]
        assert pushed
        for message in pushed:
            assert misses(examples["websocket/private"][name][1], message) == []


def test_a_missing_key_and_another_type_are_found() -> None:
    example = {"a": "1", "b": [{"c": 1}], "extraFees": [{"fee": "1"}]}

    assert misses(example, {"a": "x", "b": [{"c": 2.5, "d": 0}], "extraFees": []}) == []
    assert misses(example, {"a": 1, "b": [{}]}) == [
        ".a: expected string, was number", ".b[].c: missing", ".extraFees: missing",
    ]  # fmt: skip
    assert misses(example, {"a": "", "b": [], "extraFees": []}) == [".b: empty"]
