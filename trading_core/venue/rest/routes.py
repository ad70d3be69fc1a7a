"""Every REST path that is served."""

from __future__ import annotations

from collections.abc import Callable

from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.rest import (
    accounts,
    batches,
    instruments,
    klines,
    market,
    modes,
    order_queries,
    orders,
    positions,
    protection,
    transactions,
    volatility,
)
from trading_core.venue.rest.request import Reply, Request

PublicHandler = Callable[[Venue, Request], Reply]
PrivateHandler = Callable[[Venue, Request, VenueAccount], Reply]

PUBLIC: dict[tuple[str, str], PublicHandler] = {
    ("GET", "/v5/market/time"): market.server_time,
    ("GET", "/v5/market/instruments-info"): instruments.instruments_info,
    ("GET", "/v5/market/kline"): klines.kline,
    ("GET", "/v5/market/mark-price-kline"): klines.mark_kline,
    ("GET", "/v5/market/index-price-kline"): klines.index_kline,
    ("GET", "/v5/market/premium-index-price-kline"): klines.premium_kline,
    ("GET", "/v5/market/tickers"): market.tickers,
    ("GET", "/v5/market/orderbook"): market.orderbook,
    ("GET", "/v5/market/recent-trade"): market.recent_trade,
    ("GET", "/v5/market/funding/history"): market.funding_history,
    ("GET", "/v5/market/risk-limit"): market.risk_limit,
    ("GET", "/v5/market/price-limit"): market.price_limit,
    ("GET", "/v5/market/open-interest"): market.open_interest,
    ("GET", "/v5/market/account-ratio"): market.account_ratio,
    ("GET", "/v5/market/insurance"): market.insurance,
    ("GET", "/v5/market/delivery-price"): market.delivery_price,
    ("GET", "/v5/market/historical-volatility"): volatility.historical_volatility,
    ("GET", "/v5/announcements/index"): market.announcements,
    ("GET", "/v5/system/status"): market.system_status,
}

PRIVATE: dict[tuple[str, str], tuple[PrivateHandler, int]] = {
    ("POST", "/v5/order/create"): (orders.create, 10),
    ("POST", "/v5/order/amend"): (orders.amend, 10),
    ("POST", "/v5/order/cancel"): (orders.cancel, 10),
    ("POST", "/v5/order/cancel-all"): (orders.cancel_all, 10),
    ("POST", "/v5/order/create-batch"): (batches.create_batch, 10),
    ("POST", "/v5/order/amend-batch"): (batches.amend_batch, 10),
    ("POST", "/v5/order/cancel-batch"): (batches.cancel_batch, 10),
    ("POST", "/v5/order/pre-check"): (orders.pre_check, 10),
    ("POST", "/v5/order/disconnected-cancel-all"): (protection.set_dcp, 5),
    ("GET", "/v5/order/realtime"): (order_queries.realtime, 50),
    ("GET", "/v5/order/history"): (order_queries.history, 50),
    ("GET", "/v5/execution/list"): (order_queries.executions, 50),
    ("GET", "/v5/position/list"): (positions.positions, 50),
    ("GET", "/v5/position/symbol-info"): (positions.symbol_info, 50),
    ("GET", "/v5/position/closed-pnl"): (positions.closed_pnl, 50),
    ("POST", "/v5/position/set-leverage"): (positions.set_leverage, 10),
    ("POST", "/v5/position/trading-stop"): (positions.trading_stop, 10),
    ("POST", "/v5/position/add-margin"): (modes.add_margin, 10),
    ("POST", "/v5/position/set-auto-add-margin"): (modes.set_auto_add_margin, 10),
    ("POST", "/v5/position/switch-mode"): (modes.switch_mode, 10),
    ("POST", "/v5/position/switch-isolated"): (modes.switch_isolated, 10),
    ("POST", "/v5/position/set-tpsl-mode"): (modes.set_tpsl_mode, 10),
    ("POST", "/v5/position/set-risk-limit"): (modes.set_risk_limit, 10),
    ("POST", "/v5/position/confirm-pending-mmr"): (modes.confirm_pending_mmr, 10),
    ("GET", "/v5/account/info"): (accounts.account_info, 50),
    ("GET", "/v5/account/instruments-info"): (instruments.account_instruments, 10),
    ("POST", "/v5/account/set-margin-mode"): (accounts.set_margin_mode, 5),
    ("GET", "/v5/account/wallet-balance"): (accounts.wallet_balance, 50),
    ("GET", "/v5/account/withdrawal"): (accounts.withdrawal, 50),
    ("GET", "/v5/account/fee-rate"): (accounts.fee_rate, 5),
    ("GET", "/v5/account/collateral-info"): (accounts.collateral_info, 50),
    ("GET", "/v5/account/query-dcp-info"): (protection.dcp_info, 10),
    ("GET", "/v5/account/smp-group"): (accounts.smp_group, 10),
    ("GET", "/v5/account/transaction-log"): (transactions.transaction_log, 25),
    ("GET", "/v5/user/query-api"): (accounts.query_api, 10),
    ("GET", "/v5/asset/coin/query-info"): (accounts.coin_info, 5),
    ("GET", "/v5/asset/transfer/query-account-coins-balance"): (accounts.coins_balance, 5),
}
"""Handler and documented requests per second, told in ``X-Bapi-Limit``."""

METHODS: dict[str, set[str]] = {}
for _method, _path in (*PUBLIC, *PRIVATE):
    METHODS.setdefault(_path, set()).add(_method)
