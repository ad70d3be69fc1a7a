"""Account, wallet, fees, collateral, key."""

from __future__ import annotations

from typing import Any

from trading_core.money import PPM
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.keys import GROUPS
from trading_core.venue.rest.market import category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.statements import wallet_payload

MARGIN_MODE_FAILED = 3400045
SETTLE_COIN = "USDT"
_DCP_WINDOW_S = 10
"""Told while no window was set, as Bybit does."""


def account_info(_venue: Venue, _request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/info."""
    return Reply({
        "marginMode": "ISOLATED_MARGIN", "updatedTime": str(account.opened_ms), "unifiedMarginStatus": 5,
        "dcpStatus": "ON" if account.dcp_s else "OFF", "timeWindow": account.dcp_s or _DCP_WINDOW_S,
        "smpGroup": 0, "isMasterTrader": False, "spotHedgingStatus": "OFF",
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
    if coins and SETTLE_COIN not in coins.split(","):
        wallet["coin"] = []
    return Reply({"list": [wallet]})


def withdrawal(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/withdrawal: what is free, though nothing leaves this venue."""
    names = request.required("coinName").split(",")
    free = wallet_payload(account)["totalAvailableBalance"]
    by_coin = {name: free if name == SETTLE_COIN else "0" for name in names}
    return Reply({"availableWithdrawal": by_coin[names[0]], "availableWithdrawalMap": by_coin})


def fee_rate(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/fee-rate; ccxt asks for all fees without a category."""
    name = category(request, "linear")
    symbol = known_symbol(venue, request, required=False)
    symbols = [symbol] if symbol else sorted(venue.exchange.source.instruments)
    params = account.sim.ledger.params
    rates = {"takerFeeRate": f"{params.taker_ppm / PPM:g}", "makerFeeRate": f"{params.maker_ppm / PPM:g}"}
    return Reply({"list": [{"symbol": s, **rates} for s in symbols] if name == "linear" else []})


def query_api(_venue: Venue, _request: Request, account: VenueAccount) -> Reply:
    """GET /v5/user/query-api: what the key may do."""
    rights = account.rights
    permissions = {group: rights.permissions.get(group, []) for group in GROUPS}
    return Reply({
        "id": str(account.uid), "note": account.reference, "apiKey": account.api_key,
        "readOnly": int(rights.read_only), "secret": "", "permissions": permissions,
        "ips": list(rights.ips), "type": 1, "deadlineDay": 365,
        "expiredAt": "2099-01-01T00:00:00Z", "createdAt": "2024-01-01T00:00:00Z", "unified": 0, "uta": 1,
        "userID": account.uid, "inviterID": 0, "vipLevel": "No VIP", "mktMakerLevel": "0",
        "affiliateID": 0, "rsaPublicKey": rights.rsa_public_key, "isMaster": False, "parentUid": "0",
        "kycLevel": "LEVEL_DEFAULT", "kycRegion": "",
    }, "")  # fmt: skip


def coin_info(_venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/asset/coin/query-info: the settle coin, which can be neither deposited nor withdrawn."""
    chain = {
        "chain": "SIM", "chainType": "SIM", "confirmation": "1", "withdrawFee": "", "depositMin": "0",
        "withdrawMin": "0", "minAccuracy": "8", "chainDeposit": "0", "chainWithdraw": "0",
        "withdrawPercentageFee": "0", "contractAddress": "", "safeConfirmNumber": "1",
    }  # fmt: skip
    row: dict[str, Any] = {"name": SETTLE_COIN, "coin": SETTLE_COIN, "remainAmount": "0", "chains": [chain]}
    return Reply({"rows": [row] if request.text("coin", SETTLE_COIN) == SETTLE_COIN else []}, "")


def collateral_info(_venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/account/collateral-info: the settle coin is the only collateral, and none is lent."""
    row: dict[str, Any] = {
        "currency": SETTLE_COIN, "availableToBorrow": "0", "freeBorrowingAmount": "", "freeBorrowAmount": "0",
        "maxBorrowingAmount": "0", "hourlyBorrowRate": "0", "borrowUsageRate": "0", "collateralSwitch": True,
        "borrowAmount": "0", "borrowable": False, "otherBorrowAmount": "0", "marginCollateral": True,
        "freeBorrowingLimit": "0", "collateralRatio": "1",
    }  # fmt: skip
    return Reply({"list": [row] if request.text("currency", SETTLE_COIN) == SETTLE_COIN else []})


def coins_balance(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/asset/transfer/query-account-coins-balance: all money is in the unified account."""
    kind = request.required("accountType")
    names = [name for name in request.text("coin").split(",") if name] or [SETTLE_COIN]
    wallet = wallet_payload(account)
    held = wallet["coin"][0]["walletBalance"] if kind == "UNIFIED" else "0"
    free = wallet["totalAvailableBalance"] if kind == "UNIFIED" else "0"
    rows = [
        {"coin": name, "transferBalance": free, "walletBalance": held, "bonus": ""}
        if name == SETTLE_COIN
        else {"coin": name, "transferBalance": "0", "walletBalance": "0", "bonus": ""}
        for name in names
    ]
    return Reply(
        {"memberId": str(account.uid), "accountType": kind, "accountId": "", "bizType": 1, "balance": rows},
        "success",
    )


def smp_group(_venue: Venue, _request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/account/smp-group: no account shares a group with another."""
    return Reply({"smpGroup": 0}, "success")
