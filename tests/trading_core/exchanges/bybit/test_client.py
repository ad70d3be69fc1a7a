from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.trading_core.exchanges.bybit.payloads import (
    INSTRUMENT_ROW,
    INSTRUMENTS,
    execution_row,
    order_row,
    position_row,
)  # fmt: skip
from trading_core.errors import NotSent, OutcomeUnknown, Rejected
from trading_core.exchanges.bybit.account import BybitExchange, FeeRates
from trading_core.exchanges.bybit.client import BybitSession
from trading_core.exchanges.bybit.line import auth_message
from trading_core.exchanges.bybit.market import BybitMarket
from trading_core.exchanges.port import Credentials, OrderRequest, SignedWindow
from trading_core.execution.order import Side
from trading_core.market.tiers import RiskTier
from trading_core.market.timeframe import Timeframe
from trading_core.money import money

KEYS = Credentials("KEYKEY", "SECRET")
WINDOW = SignedWindow(1_700_000_000_123, 3000)
LEVERAGE = Decimal("2.5")


@dataclass
class Asked:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: str

    @property
    def fields(self) -> dict[str, Any]:
        return dict(json.loads(self.body))


@dataclass
class Server:
    """A loopback HTTP server that answers as a test says."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], tuple[int, str]] = lambda _: (200, "{}")

    def says(self, code: int, result: dict[str, Any] | None = None, message: str = "") -> None:
        body = json.dumps({"retCode": code, "retMsg": message, "result": result or {}, "time": 5})
        self.answer = lambda _: (200, body)


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length).decode()
            asked = Asked(self.command, path, query, dict(self.headers), body)
            state.asked.append(asked)
            status, text = state.answer(asked)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", state.url + "/elsewhere")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.url = f"http://127.0.0.1:{http.server_port}"
    yield state
    http.shutdown()
    thread.join()
    http.server_close()


@pytest.fixture
def exchange(server: Server) -> Iterator[BybitExchange]:
    account = BybitExchange(
        endpoint=server.url, credentials=KEYS, instruments=INSTRUMENTS, wall_ms=lambda: 1_700_000_000_000
    )
    yield account
    account.close()


def order(**changes: Any) -> OrderRequest:
    asked: dict[str, Any] = {
        "symbol": "BTCUSDT", "link": "A1-X", "side": Side.BUY, "lots": 5, "ticks": None,
        "reduce_only": False, "stop_ticks": 590_000,
    } | changes  # fmt: skip
    return OrderRequest(**asked)


def test_post_is_signed_with_the_given_time(server: Server, exchange: BybitExchange) -> None:
    server.says(0)
    exchange.cancel(symbol="BTCUSDT", link="A1-X", window=WINDOW)
    (asked,) = server.asked
    assert asked.body == '{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "A1-X"}'
    assert asked.headers["X-BAPI-TIMESTAMP"] == "1700000000123"
    assert asked.headers["X-BAPI-RECV-WINDOW"] == "3000"
    assert asked.headers["X-BAPI-SIGN"] == "9c4152006bf3089ec5252bc8fdeddb5a3e4d8fe7736748a124c6f10781d5735c"


def test_get_is_signed_with_the_moment_it_is_made(server: Server) -> None:
    server.says(0, {"list": []})
    session = BybitSession(endpoint=server.url, credentials=KEYS, wall_ms=lambda: 1_700_000_000_000)
    with session.turn():
        session.get_positions(category="linear", symbol="BTCUSDT")
    session.close()
    assert server.asked[0].query == "category=linear&symbol=BTCUSDT"
    assert (
        server.asked[0].headers["X-BAPI-SIGN"]
        == "43569080e4e58c6cacfe9809250b267854b077f4aeae33c2d86b1778f41cf7c8"
    )


def test_stream_authentication_is_signed() -> None:
    message = auth_message(KEYS, 1_700_000_010_000)
    assert message["args"] == [
        "KEYKEY",
        1_700_000_010_000,
        "cb44b8afa4be2e39c6d1726de8c45cf0cf4f7098a3ae18721aa65e1ddba1fc7e",
    ]


def test_market_order_carries_its_stop(server: Server, exchange: BybitExchange) -> None:
    server.says(0, {"orderId": "o-9", "orderLinkId": "A1-X"})
    assert exchange.place(order(), window=WINDOW) == "o-9"
    fields = server.asked[0].fields
    assert fields["orderType"] == "Market"
    assert (fields["qty"], fields["stopLoss"], fields["tpslMode"]) == ("0.005", "59000", "Full")
    assert "price" not in fields
    assert fields["positionIdx"] == 0


def test_reduce_only_limit_carries_no_stop(server: Server, exchange: BybitExchange) -> None:
    server.says(0, {"orderId": "o-9"})
    exchange.place(order(ticks=600_001, reduce_only=True, stop_ticks=None), window=WINDOW)
    fields = server.asked[0].fields
    assert (fields["orderType"], fields["price"], fields["timeInForce"]) == ("Limit", "60000.1", "GTC")
    assert fields["reduceOnly"] is True
    assert "stopLoss" not in fields


def test_amend_stop_and_leverage_are_plain_decimals(server: Server, exchange: BybitExchange) -> None:
    server.says(0)
    exchange.amend(symbol="BTCUSDT", link="A1-X", lots=12, ticks=600_000, window=WINDOW)
    exchange.set_stop(symbol="BTCUSDT", stop_ticks=None, window=WINDOW)
    exchange.set_leverage(symbol="BTCUSDT", leverage=LEVERAGE, window=WINDOW)
    amended, stop, leverage = (asked.fields for asked in server.asked)
    assert (amended["qty"], amended["price"]) == ("0.012", "60000")
    assert (stop["stopLoss"], stop["positionIdx"]) == ("0", 0)
    assert leverage["buyLeverage"] == leverage["sellLeverage"] == "2.5"


@pytest.mark.parametrize("code", [34040, 110043])
def test_unchanged_is_success(server: Server, exchange: BybitExchange, code: int) -> None:
    server.says(code, message="not modified")
    exchange.set_stop(symbol="BTCUSDT", stop_ticks=1, window=WINDOW)


@pytest.mark.parametrize(
    "code,kind",
    [
        (110007, Rejected),
        (10006, NotSent),
        (10002, NotSent),
        (10016, OutcomeUnknown),
        (110072, OutcomeUnknown),
    ],
)
def test_retcode_becomes_its_error_after_one_request(
    server: Server, exchange: BybitExchange, code: int, kind: type[Exception]
) -> None:
    server.says(code, message="words")
    with pytest.raises(kind, match="words"):
        exchange.place(order(), window=WINDOW)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    "status,body",
    [
        (500, "oops"), (502, "<html>"), (403, "{}"), (429, "{}"), (302, ""), (200, ""), (200, "<html>"),
        (200, "[]"), (200, '{"retCode": "0"}'), (200, '{"retCode": true}'), (200, "{}"),
    ],
)  # fmt: skip
def test_broken_answer_leaves_the_outcome_unknown(
    server: Server, exchange: BybitExchange, status: int, body: str
) -> None:
    server.answer = lambda _: (status, body)
    with pytest.raises(OutcomeUnknown):
        exchange.place(order(), window=WINDOW)
    assert len(server.asked) == 1


def test_refused_connection_is_not_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    account = BybitExchange(
        endpoint=f"http://127.0.0.1:{port}", credentials=KEYS, instruments=INSTRUMENTS, wall_ms=lambda: 1
    )
    with pytest.raises(NotSent):
        account.place(order(), window=WINDOW)


def test_silent_server_leaves_the_outcome_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        session = BybitSession(
            endpoint=f"http://127.0.0.1:{deaf.getsockname()[1]}", credentials=KEYS, wall_ms=lambda: 1,
            read_timeout_s=0.1,
        )  # fmt: skip
        with pytest.raises(OutcomeUnknown, match="ReadTimeout"), session.signed(WINDOW):
            session.cancel_order(category="linear", symbol="BTCUSDT", orderLinkId="A1-X")
        session.close()


def test_nothing_prints_the_secret(exchange: BybitExchange) -> None:
    session = BybitSession(endpoint="http://127.0.0.1:1", credentials=KEYS, wall_ms=lambda: 1)
    for thing in (KEYS, exchange, session):
        assert "SECRET" not in repr(thing)
        assert "KEYKEY" not in repr(thing)


def test_order_is_looked_up_in_open_orders_then_history(server: Server, exchange: BybitExchange) -> None:
    def answer(asked: Asked) -> tuple[int, str]:
        rows = [order_row(orderStatus="Filled")] if asked.path == "/v5/order/history" else []
        return 200, json.dumps({"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}})

    server.answer = answer
    found = exchange.order(symbol="BTCUSDT", link="A1-LINK")
    assert found is not None
    assert found.state == "filled"
    assert exchange.order(symbol="BTCUSDT", link="A1-OTHER") is None


def test_pages_are_followed_to_the_end(server: Server, exchange: BybitExchange) -> None:
    pages = {"": ("a", "c1"), "c1": ("b", "c2"), "c2": ("c", "")}

    def answer(asked: Asked) -> tuple[int, str]:
        cursor = next((p[7:] for p in asked.query.split("&") if p.startswith("cursor=")), "")
        link, following = pages[cursor]
        result = {"list": [order_row(orderLinkId=link)], "nextPageCursor": following}
        return 200, json.dumps({"retCode": 0, "result": result})

    server.answer = answer
    assert [order.link for order in exchange.open_orders()] == ["a", "b", "c"]


def test_cursor_that_stands_still_is_a_broken_answer(server: Server, exchange: BybitExchange) -> None:
    server.says(0, {"list": [order_row()], "nextPageCursor": "same"})
    with pytest.raises(OutcomeUnknown, match="stands still"):
        exchange.open_orders()


def test_executions_come_oldest_first_and_once(server: Server, exchange: BybitExchange) -> None:
    rows = [
        execution_row(execId="new", execTime="30", seq=3),
        execution_row(execId="mid", execTime="20", seq=2),
        execution_row(execId="mid", execTime="20", seq=2),
        execution_row(execId="old", execTime="10", seq=1),
    ]
    server.says(0, {"list": rows, "nextPageCursor": ""})
    assert [e.exec_id for e in exchange.executions(since_ms=15)] == ["mid", "new"]


def test_long_absence_is_read_in_windows(server: Server, exchange: BybitExchange) -> None:
    server.says(0, {"list": [], "nextPageCursor": ""})
    day = 86_400_000
    exchange.executions(since_ms=0, until_ms=15 * day)
    starts = [asked.query for asked in server.asked]
    assert len(starts) == 3
    assert f"endTime={15 * day}" in starts[-1]


def test_positions_that_are_flat_are_left_out(server: Server, exchange: BybitExchange) -> None:
    rows = [position_row(), position_row(side="", size="0")]
    server.says(0, {"list": rows, "nextPageCursor": ""})
    assert [position.lots for position in exchange.positions()] == [-10]


def test_wallet_is_read(server: Server, exchange: BybitExchange) -> None:
    server.says(0, {"list": [{"coin": [{"coin": "USDT", "walletBalance": "12.5"}]}]})
    assert exchange.wallet().balance == 1_250_000_000


def test_fee_rates_are_read_by_contract(server: Server, exchange: BybitExchange) -> None:
    row = {"symbol": "BTCUSDT", "takerFeeRate": "0.00055", "makerFeeRate": "-0.0001"}
    server.says(0, {"list": [row]})
    assert exchange.fee_rates() == {"BTCUSDT": FeeRates(Decimal("0.00055"), Decimal("-0.0001"))}
    server.says(0, {})
    with pytest.raises(OutcomeUnknown, match="no fee rates"):
        exchange.fee_rates()


def test_hedge_mode_is_seen_on_flat_symbols_too(server: Server, exchange: BybitExchange) -> None:
    def answer(asked: Asked) -> tuple[int, str]:
        indexes = [1, 2] if hedge and "symbol=" in asked.query else [0] if "symbol=" in asked.query else []
        rows = [position_row(positionIdx=index, side="", size="0") for index in indexes]
        return 200, json.dumps({"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}})

    server.answer = answer
    for hedge in (False, True):
        assert exchange.hedged() is hedge


def test_instruments_take_their_margin_from_the_risk_limits(server: Server) -> None:
    tier = {
        "id": 1,
        "symbol": "BTCUSDT",
        "isLowestRisk": 1,
        "riskLimitValue": "2000000",
        "maintenanceMargin": "0.4",
        "initialMargin": "1",
        "maxLeverage": "100.00",
        "mmDeduction": "",
    }
    other = INSTRUMENT_ROW | {"symbol": "BTC-27MAR27", "contractType": "LinearFutures"}

    def answer(asked: Asked) -> tuple[int, str]:
        rows = [tier] if "risk-limit" in asked.path else [INSTRUMENT_ROW, other]
        return 200, json.dumps({"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}})

    server.answer = answer
    market = BybitMarket(endpoint=server.url, wall_ms=lambda: 1)
    (found,) = market.instruments("linear")
    market.close()
    assert (found.symbol, found.maintenance_ppm) == ("BTCUSDT", 4000)
    assert found.tiers == (RiskTier(1, money("2000000"), 10_000, 4_000, 0, 100_000_000),)


def test_every_page_of_instruments_is_read(server: Server) -> None:
    pages = {"": (["AUSDT", "BUSDT"], "c%3D1"), "c%3D1": (["CUSDT"], "c2"), "c2": (["DUSDT"], "")}
    tier = {
        "id": 1,
        "isLowestRisk": 1,
        "maintenanceMargin": "0.4",
        "initialMargin": "1",
        "maxLeverage": "100.00",
    }

    def answer(asked: Asked) -> tuple[int, str]:
        if "risk-limit" in asked.path:
            rows = [
                tier | {"symbol": f"{name}USDT", "riskLimitValue": "1000", "mmDeduction": ""}
                for name in "ABCD"
            ]
            return 200, json.dumps({"retCode": 0, "result": {"list": rows, "nextPageCursor": ""}})
        cursor = next((p[7:] for p in asked.query.split("&") if p.startswith("cursor=")), "")
        symbols, following = pages[cursor]
        listed = [INSTRUMENT_ROW | {"symbol": symbol} for symbol in symbols]
        return 200, json.dumps({"retCode": 0, "result": {"list": listed, "nextPageCursor": following}})

    server.answer = answer
    market = BybitMarket(endpoint=server.url, wall_ms=lambda: 1)
    assert [i.symbol for i in market.instruments("linear")] == ["AUSDT", "BUSDT", "CUSDT", "DUSDT"]
    pages["c2"] = (["DUSDT"], "c2")
    with pytest.raises(OutcomeUnknown, match="stands still"):
        market.instruments("linear")
    market.close()


def test_candles_are_oldest_first_without_the_unclosed_one(server: Server) -> None:
    rows = [[str(t), "1", "1", "1", "1", "1", "1"] for t in (120_000, 60_000, 0)]
    server.says(0, {"list": rows})
    market = BybitMarket(endpoint=server.url, wall_ms=lambda: 1)
    found = market.candles(
        category="linear", symbol="BTCUSDT", timeframe=Timeframe.M1, start_ms=0, end_ms=150_000
    )
    market.close()
    assert found.open_time.tolist() == [0, 60_000]
