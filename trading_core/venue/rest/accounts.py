"""Account, wallet, fees, collateral, key."""

from __future__ import annotations

from typing import Any, NoReturn

from trading_core.money import PPM
from trading_core.simulator.spot.desk import FEE_PPM
from trading_core.venue.account import VenueAccount
from trading_core.venue.hub import Venue
from trading_core.venue.keys import GROUPS
from trading_core.venue.payloads import coins
from trading_core.venue.rest.market import SERVED, category, known_symbol
from trading_core.venue.rest.request import PARAMETER, ApiError, Reply, Request
from trading_core.venue.statements import wallet_payload

MARGIN_MODE_FAILED = 3400045
ISOLATED, CROSS = "ISOLATED_MARGIN", "REGULAR_MARGIN"
SETTLE_COIN = "USDT"
_DCP_WINDOW_S = 10
"""Told while no window was set, as Bybit does."""


def account_info(_venue: Venue, _request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/info."""
    return Reply({
        "marginMode": CROSS if account.sim.ledger.is_cross else ISOLATED,
        "updatedTime": str(account.opened_ms), "unifiedMarginStatus": 5,
        "dcpStatus": "ON" if account.dcp_s else "OFF", "timeWindow": account.dcp_s or _DCP_WINDOW_S,
        "smpGroup": 0, "isMasterTrader": False, "spotHedgingStatus": "OFF",
    })  # fmt: skip


def set_margin_mode(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """POST /v5/account/set-margin-mode: the mode it has is no change; another one waits for an empty account."""
    wanted = request.required("setMarginMode")
    if wanted not in (ISOLATED, CROSS):
        _refuse([("3400000", "Only isolated and cross margin are served by this venue")])
    sim = account.sim
    if (wanted == CROSS) is sim.ledger.is_cross:
        return Reply({"reasons": []}, "Request accepted")
    reasons = []
    if sim.open_orders():
        reasons.append(("3400102", "Please ensure that there are no active orders in your account"))
    if sim.positions:
        reasons.append(("3400101", "Please ensure that there are no positions in your account"))
    if reasons:
        _refuse(reasons)
    venue.submit({"op": "margin", "uid": account.uid, "cross": wanted == CROSS})
    return Reply({"reasons": []}, "Request accepted")


def _refuse(reasons: list[tuple[str, str]]) -> NoReturn:
    told = [{"reasonCode": code, "reasonMsg": message} for code, message in reasons]
    raise ApiError(MARGIN_MODE_FAILED, "Set margin mode failed", result={"reasons": told})


def wallet_balance(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/wallet-balance."""
    if request.required("accountType") not in ("UNIFIED", "CONTRACT"):
        raise ApiError(PARAMETER, "accountType only support UNIFIED.")
    wallet = wallet_payload(account)
    chosen = request.text("coin")
    if chosen:
        wallet["coin"] = [row for row in wallet["coin"] if row["coin"] in chosen.split(",")]
    return Reply({"list": [wallet]})


def withdrawal(_venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/withdrawal: what is free, though nothing leaves this venue."""
    names = request.required("coinName").split(",")
    by_coin = {name: _free(account, name) for name in names}
    return Reply({"availableWithdrawal": by_coin[names[0]], "availableWithdrawalMap": by_coin})


def _free(account: VenueAccount, coin: str) -> str:
    """What nothing holds back of a coin."""
    if coin == SETTLE_COIN:
        return coins(max(0, account.sim.available))
    return coins(account.desk.free(coin)) if coin in account.desk.coins else "0"


def _held(account: VenueAccount, coin: str) -> str:
    """What there is of a coin."""
    if coin == SETTLE_COIN:
        return coins(account.sim.wallet)
    return coins(account.desk.coins[coin]) if coin in account.desk.coins else "0"


def fee_rate(venue: Venue, request: Request, account: VenueAccount) -> Reply:
    """GET /v5/account/fee-rate; ccxt asks for all fees without a category."""
    name = category(request, "linear")
    symbol = known_symbol(venue, request, required=False)
    symbols = [symbol] if symbol else sorted(venue.exchange.source.instruments)
    params = account.sim.ledger.params
    taker, maker = (FEE_PPM, FEE_PPM) if name == "spot" else (params.taker_ppm, params.maker_ppm)
    rates = {"takerFeeRate": f"{taker / PPM:g}", "makerFeeRate": f"{maker / PPM:g}"}
    return Reply({"list": [{"symbol": s, **rates} for s in symbols] if name in SERVED else []})


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


def coin_info(venue: Venue, request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/asset/coin/query-info: every coin of the market; none can be deposited or withdrawn."""
    chain = {
        "chain": "SIM", "chainType": "SIM", "confirmation": "1", "withdrawFee": "", "depositMin": "0",
        "withdrawMin": "0", "minAccuracy": "8", "chainDeposit": "0", "chainWithdraw": "0",
        "withdrawPercentageFee": "0", "contractAddress": "", "safeConfirmNumber": "1",
    }  # fmt: skip
    chosen = request.text("coin")
    names = [SETTLE_COIN, *sorted({pair.base_coin for pair in venue.exchange.spot.values()})]
    rows = [
        {"name": name, "coin": name, "remainAmount": "0", "chains": [chain]}
        for name in names
        if chosen in ("", name)
    ]
    return Reply({"rows": rows}, "")


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
    is_here = kind == "UNIFIED"
    rows = [
        {
            "coin": name, "transferBalance": _free(account, name) if is_here else "0",
            "walletBalance": _held(account, name) if is_here else "0", "bonus": "",
        }
        for name in names
    ]  # fmt: skip
    return Reply(
        {"memberId": str(account.uid), "accountType": kind, "accountId": "", "bizType": 1, "balance": rows},
        "success",
    )


def smp_group(_venue: Venue, _request: Request, _account: VenueAccount) -> Reply:
    """GET /v5/account/smp-group: no account shares a group with another."""
    return Reply({"smpGroup": 0}, "success")
