"""Locks: what may not be done for a while, why, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any

from trading_core.risk.levels import Cause, What, Where


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock. Times are the market clock's."""

    where: Where
    what: What
    cause: Cause
    reason: str
    since_ms: int
    until_ms: int | None = None
    """None: until a person lifts it."""
    code: str = ""
    """Its public code, once it is written down."""
    bot: str = ""
    """Code of the bot it is about; empty: all of its level."""
    symbol: str = ""
    """Empty: every symbol."""
    environment: str = ""
    """Only accounts of this environment; empty: all."""
    by: str = "engine"
    lifted: bool = False
    """Lifted by a person. It is remembered, so that the same loss doesn't set it again."""

    def stands(self, now_ms: int) -> bool:
        """Whether it holds at a time."""
        return not self.lifted and (self.until_ms is None or now_ms < self.until_ms)

    def concerns(self, bot: str, symbol: str) -> bool:
        """Whether it is about a bot and a symbol."""
        return self.bot in ("", bot) and self.symbol in ("", symbol)

    @property
    def until(self) -> str:
        """When it ends, in words."""
        if self.until_ms is None:
            return "a person lifts it"
        return f"{datetime.fromtimestamp(self.until_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"

    def numbers(self) -> dict[str, str | int]:
        """What a refused decision shows of it."""
        return {
            "where": self.symbol or self.where.words, "what": self.what.value, "cause": self.cause.value,
            "reason": self.reason, "until": self.until,
        }  # fmt: skip

    def as_record(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Lock:
        """The lock written by ``as_record``."""
        lock = cls(**record)
        return replace(lock, where=Where(lock.where), what=What(lock.what), cause=Cause(lock.cause))


def standing(locks: Iterable[Lock], *, bot: str, symbol: str, now_ms: int) -> tuple[Lock, ...]:
    """The locks that hold for a bot and symbol, the nearest rung first."""
    order = list(Where)
    found = [lock for lock in locks if lock.stands(now_ms) and lock.concerns(bot, symbol)]
    return tuple(sorted(found, key=lambda lock: (order.index(lock.where), lock.since_ms, lock.code)))
