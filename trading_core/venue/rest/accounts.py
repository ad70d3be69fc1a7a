"""Account, wallet, fees, transaction log, key."""

from __future__ import annotations

from typing import Any

from trading_core.money import PPM
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.payloads import transaction_payload, wallet_payload
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.paging import page, time_window
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request

MARGIN_MODE_FAILED = 3400045


def account_info(_venue: Venue, _request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/info."""
    return Reply({
        "marginMode": "ISOLATED_MARGIN", "updatedTime": str(account.opened_ms), "unifiedMarginStatus": 5,
        "dcpStatus": "OFF", "timeWindow": 10, "smpGroup": 0, "isMasterTrader": False,
        "spotHedgingStatus": "OFF",
    })  # fmt: skip


def set_margin_mode(_venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """POST /v5/account/set-margin-mode: isolated is the only mode."""
    if request.required("setMarginMode") != "ISOLATED_MARGIN":
        reason = {"reasonCode": "3400000", "reasonMsg": "Only isolated margin is served by this venue"}
        raise ApiError(MARGIN_MODE_FAILED, "Set margin mode failed", result={"reasons": [reason]})
    return Reply({"reasons": []}, "Request accepted")


def wallet_balance(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/wallet-balance."""
    if request.required("accountType") not in ("UNIFIED", "CONTRACT"):
        raise ApiError(PARAMETER, "accountType only support UNIFIED.")
    wallet = wallet_payload(account)
    coins = request.text("coin")
    if coins and "USDT" not in coins.split(","):
        wallet["coin"] = []
    return Reply({"list": [wallet]})


def withdrawal(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/withdrawal: what is free, though nothing leaves this venue."""
    names = request.required("coinName").split(",")
    free = wallet_payload(account)["totalAvailableBalance"]
    by_coin = {name: free if name == "USDT" else "0" for name in names}
    return Reply({"availableWithdrawal": by_coin[names[0]], "availableWithdrawalMap": by_coin})


def fee_rate(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/fee-rate."""
    name = category(request)
    symbol = known_symbol(venue, request, required=False)
    symbols = [symbol] if symbol else sorted(venue.exchange.source.instruments)
    params = account.sim.ledger.params
    rates = {"takerFeeRate": f"{params.taker_ppm / PPM:g}", "makerFeeRate": f"{params.maker_ppm / PPM:g}"}
    return Reply({"list": [{"symbol": s, **rates} for s in symbols] if name == "linear" else []})


def transaction_log(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/transaction-log."""
    start, end = time_window(request)
    kind, symbol = request.text("type"), request.text("symbol")
    types = {
        "SETTLEMENT": ("Funding",),
        "TRADE": ("Trade", "BustTrade"),
        "": ("Funding", "Trade", "BustTrade"),
    }
    exec_types = types.get(kind, ())
    coin = request.text("currency", "USDT")
    found = [
        booked
        for booked in account.booked
        if start <= booked.executed.time_ms <= end
        and booked.executed.exec_type in exec_types
        and symbol in ("", booked.executed.symbol)
        and coin == "USDT"
    ]
    shown, cursor = page(found, request, number=lambda b: b.executed.sequence, default=20, most=50)
    return Reply({"nextPageCursor": cursor, "list": [transaction_payload(account, b) for b in shown]})


def query_api(_venue: Venue, _request: Request, account: VenueAccount) -> Reply:
    """GET /v5/user/query-api: a key that may trade derivatives and nothing else."""
    groups = (
        "Spot",
        "Wallet",
        "Options",
        "Exchange",
        "CopyTrading",
        "BlockTrade",
        "Affiliate",
        "Earn",
        "FiatP2P",
    )
    permissions: dict[str, list[str]] = {"ContractTrade": ["Order", "Position"], **{g: [] for g in groups}}
    return Reply({
        "id": str(account.uid), "note": account.reference, "apiKey": account.api_key, "readOnly": 0,
        "secret": "", "permissions": permissions, "ips": ["*"], "type": 1, "deadlineDay": 365,
        "expiredAt": "2099-01-01T00:00:00Z", "createdAt": "2024-01-01T00:00:00Z", "unified": 0, "uta": 1,
        "userID": account.uid, "inviterID": 0, "vipLevel": "No VIP", "mktMakerLevel": "0",
        "affiliateID": 0, "rsaPublicKey": "", "isMaster": False, "parentUid": "0", "kycLevel": "LEVEL_DEFAULT",
        "kycRegion": "",
    }, "")  # fmt: skip


def coin_info(_venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/asset/coin/query-info: the settle coin, which can be neither deposited nor withdrawn."""
    chain = {
        "chain": "SIM", "chainType": "SIM", "confirmation": "1", "withdrawFee": "", "depositMin": "0",
        "withdrawMin": "0", "minAccuracy": "8", "chainDeposit": "0", "chainWithdraw": "0",
        "withdrawPercentageFee": "0", "contractAddress": "", "safeConfirmNumber": "1",
    }  # fmt: skip
    row: dict[str, Any] = {"name": "USDT", "coin": "USDT", "remainAmount": "0", "chains": [chain]}
    return Reply({"rows": [row] if request.text("coin", "USDT") == "USDT" else []}, "")
