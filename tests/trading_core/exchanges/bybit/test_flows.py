"""What was paid in and out, by the transaction log."""

from __future__ import annotations

from tests.trading_core.exchanges.bybit.test_client import Server, exchange, server  # noqa: F401 - fixtures
from trading_core.exchanges.bybit.account import BybitExchange


def test_flows_are_what_no_trade_made(server: Server, exchange: BybitExchange) -> None:
    def line(number: int, kind: str, change: str) -> dict[str, str]:
        return {"id": f"l{number}", "type": kind, "change": change, "transactionTime": str(1_000 * number)}

    told = [line(3, "TRANSFER_OUT", "-12.5"), line(2, "TRADE", "4"), line(1, "TRANSFER_IN", "100")]
    told += [line(0, "SETTLEMENT", "-0.1"), line(4, "BONUS", "0")]
    server.says(0, {"list": told, "nextPageCursor": ""})

    found = exchange.flows(since_ms=1, until_ms=2)

    assert [(one.flow_id, one.kind, one.amount) for one in found] == [
        ("l1", "TRANSFER_IN", 100 * 10**8), ("l3", "TRANSFER_OUT", -1_250_000_000),
    ]  # fmt: skip
    assert {"startTime=1", "endTime=2", "currency=USDT"} <= set(server.asked[-1].query.split("&"))
