"""The ladder: positions and exposure of bot, account, workspace and platform, asked in this order."""

from __future__ import annotations

from collections.abc import Sequence

from trading_core.money import PPM, amount, mul_div_floor, plain
from trading_core.risk.denial import Denial, DenialCode
from trading_core.risk.levels import Held, Level, Limits


def check_level_positions(levels: Sequence[Level], own: Sequence[Held]) -> Denial | None:
    """Refuse one more trade where a rung has as many as it may."""
    for level in levels:
        limit, busy = level.limits.max_positions, len(own) + len(level.others)
        if limit is not None and busy >= limit:
            return Denial(
                DenialCode.LEVEL_POSITIONS, {"where": level.where.words, "open": busy, "limit": limit}
            )
    return None


def check_exposure(levels: Sequence[Level], own: Sequence[Held], asked: Held, coin: str) -> Denial | None:
    """Refuse a trade that takes a rung beyond its exposure: in the symbol, net, then gross.

    A trade that brings the net exposure nearer to nothing is never refused for it.
    """
    for level in levels:
        held = [*level.others, *own]
        for code, before, after, limit in _exposures(level.limits, held, asked):
            if limit is None:
                continue
            allowed = mul_div_floor(max(0, level.equity), limit, PPM)
            if after > allowed and after > before:
                return Denial(code, _numbers(level, after, allowed, limit, coin))
    return None


def _exposures(
    limits: Limits, held: Sequence[Held], asked: Held
) -> tuple[tuple[DenialCode, int, int, int | None], ...]:
    """Code, exposure before and after, and limit of each kind."""
    symbol = sum(abs(one.worth) for one in held if one.symbol == asked.symbol)
    net = sum(one.worth for one in held)
    gross = sum(abs(one.worth) for one in held)
    more = abs(asked.worth)
    return (
        (DenialCode.SYMBOL_EXPOSURE, symbol, symbol + more, limits.symbol_ppm),
        (DenialCode.NET_EXPOSURE, abs(net), abs(net + asked.worth), limits.net_ppm),
        (DenialCode.GROSS_EXPOSURE, gross, gross + more, limits.gross_ppm),
    )


def _numbers(level: Level, after: int, allowed: int, limit: int, coin: str) -> dict[str, str | int]:
    return {
        "where": level.where.words,
        "worth": plain(amount(after)),
        "limit": plain(amount(allowed)),
        "limit_ppm": limit,
        "equity": plain(amount(level.equity)),
        "coin": coin,
    }


def reserve(levels: Sequence[Level]) -> int:
    """Money units that must stay free: the largest share any rung asks for of its equity on this account.

    The workspace's and the platform's share is one of the account's equity: margin is the account's.
    """
    if not levels:
        return 0
    own = levels[0].equity
    share = max(level.limits.reserve_ppm for level in levels)
    return -(-max(0, own) * share // PPM)


def check_reserve(needed: int, *, available: int, kept: int, coin: str) -> Denial | None:
    """Refuse a plan whose margin would eat into what must stay free."""
    if not kept or needed <= available - kept:
        return None
    return Denial(
        DenialCode.RESERVE,
        {
            "needed": plain(amount(needed)), "available": plain(amount(available)),
            "reserve": plain(amount(kept)), "coin": coin,
        },
    )  # fmt: skip
