"""Every REST path that is served."""

from __future__ import annotations

from collections.abc import Callable

from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.rest import accounts, market, orders, positions
from trading_core.venue.rest.request import Reply, Request

PublicHandler = Callable[[Venue, Request], Reply]
PrivateHandler = Callable[[Venue, Request, VenueAccount], Reply]

PUBLIC: dict[tuple[str, str], PublicHandler] = {
    ("GET", "/v5/market/time"): market.server_time,
    ("GET", "/v5/market/instruments-info"): market.instruments_info,
    ("GET", "/v5/market/kline"): market.kline,
    ("GET", "/v5/market/mark-price-kline"): market.price_kline,
    ("GET", "/v5/market/index-price-kline"): market.price_kline,
    ("GET", "/v5/market/premium-index-price-kline"): market.premium_kline,
    ("GET", "/v5/market/tickers"): market.tickers,
    ("GET", "/v5/market/orderbook"): market.orderbook,
    ("GET", "/v5/market/recent-trade"): market.recent_trade,
    ("GET", "/v5/market/funding/history"): market.funding_history,
    ("GET", "/v5/market/risk-limit"): market.risk_limit,
    ("GET", "/v5/market/price-limit"): market.price_limit,
    ("GET", "/v5/market/open-interest"): market.open_interest,
    ("GET", "/v5/system/status"): market.system_status,
}

PRIVATE: dict[tuple[str, str], tuple[PrivateHandler, int]] = {
    ("POST", "/v5/order/create"): (orders.create, 10),
    ("POST", "/v5/order/amend"): (orders.amend, 10),
    ("POST", "/v5/order/cancel"): (orders.cancel, 10),
    ("POST", "/v5/order/cancel-all"): (orders.cancel_all, 10),
    ("GET", "/v5/order/realtime"): (orders.realtime, 50),
    ("GET", "/v5/order/history"): (orders.history, 50),
    ("GET", "/v5/execution/list"): (orders.executions, 50),
    ("GET", "/v5/position/list"): (positions.positions, 50),
    ("POST", "/v5/position/set-leverage"): (positions.set_leverage, 10),
    ("POST", "/v5/position/switch-mode"): (positions.switch_mode, 10),
    ("POST", "/v5/position/trading-stop"): (positions.trading_stop, 10),
    ("GET", "/v5/account/info"): (accounts.account_info, 50),
    ("POST", "/v5/account/set-margin-mode"): (accounts.set_margin_mode, 5),
    ("GET", "/v5/account/wallet-balance"): (accounts.wallet_balance, 50),
    ("GET", "/v5/account/withdrawal"): (accounts.withdrawal, 50),
    ("GET", "/v5/account/fee-rate"): (accounts.fee_rate, 5),
    ("GET", "/v5/account/transaction-log"): (accounts.transaction_log, 25),
    ("GET", "/v5/user/query-api"): (accounts.query_api, 10),
    ("GET", "/v5/asset/coin/query-info"): (accounts.coin_info, 5),
}
"""Handler and documented requests per second, told in ``X-Bapi-Limit``."""

METHODS: dict[str, set[str]] = {}
for _method, _path in (*PUBLIC, *PRIVATE):
    METHODS.setdefault(_path, set()).add(_method)
