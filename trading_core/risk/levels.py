"""The levels of the risk ladder, the limits each may set, and what they are measured against."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

from trading_core.money import PPM, mul_div_floor


class Where(StrEnum):
    """The rungs of the ladder, from the nearest to the farthest; limits are asked in this order."""

    BOT = "bot"
    ACCOUNT = "account"
    WORKSPACE = "workspace"
    PLATFORM = "platform"

    @property
    def words(self) -> str:
        """The rung as a sentence names it."""
        return f"the {self.value}"


class Cause(StrEnum):
    """What a lock comes from."""

    MANUAL = "manual"
    DAY_LOSS = "day_loss"
    DRAWDOWN = "drawdown"


class What(StrEnum):
    """What a lock keeps from happening, from the mildest to the hardest."""

    WARN = "warn"
    """Nothing: it is only shown."""
    AVERAGING = "averaging"
    """No averaging legs; those that stand are cancelled."""
    ENTRIES = "entries"
    """No new trades."""
    ALL = "all"
    """Neither: what is held is protected and closed as planned."""
    FLATTEN = "flatten"
    """Neither, and what is held is closed at once."""

    @property
    def entries(self) -> bool:
        """Whether it forbids entries."""
        return self in (What.ENTRIES, What.ALL, What.FLATTEN)

    @property
    def legs(self) -> bool:
        """Whether it forbids averaging legs."""
        return self in (What.AVERAGING, What.ALL, What.FLATTEN)


@dataclass(frozen=True, slots=True)
class Tiers:
    """Losses in parts per million of the equity they are counted from; None: that step isn't taken."""

    warn: int | None = None
    no_entries: int | None = None
    close_only: int | None = None
    flatten: int | None = None

    def steps(self) -> tuple[tuple[What, int], ...]:
        """The steps that are set, hardest first."""
        found = (
            (What.FLATTEN, self.flatten), (What.ALL, self.close_only), (What.ENTRIES, self.no_entries),
            (What.WARN, self.warn),
        )  # fmt: skip
        return tuple((what, ppm) for what, ppm in found if ppm is not None)


@dataclass(frozen=True, slots=True)
class Limits:
    """What any rung may limit. None, and tiers without steps, limit nothing."""

    day_loss: Tiers = Tiers()
    """Loss since the day began, of the equity it began with."""
    drawdown: Tiers = Tiers()
    """Fall from the highest equity, of that equity."""
    max_positions: int | None = None
    """Trades under way at once."""
    gross_ppm: int | None = None
    """Worth of all trades, longs and shorts added, in millionths of equity."""
    net_ppm: int | None = None
    """Worth of longs less shorts, whichever is more, in millionths of equity."""
    symbol_ppm: int | None = None
    """Worth of the trades in one symbol, in millionths of equity."""
    reserve_ppm: int = 0
    """Share of equity no margin may be taken from."""

    @property
    def watches_equity(self) -> bool:
        """Whether it can set locks by itself."""
        return bool(self.day_loss.steps() or self.drawdown.steps())

    def loosened_from(self, before: Limits) -> tuple[str, ...]:
        """The names of what allows more than it did."""
        pairs = [
            (f"{name}.{field.name}", getattr(getattr(before, name), field.name), getattr(tiers, field.name))
            for name, tiers in (("day_loss", self.day_loss), ("drawdown", self.drawdown))
            for field in fields(Tiers)
        ]
        pairs += [
            (name, getattr(before, name), getattr(self, name))
            for name in ("max_positions", "gross_ppm", "net_ppm", "symbol_ppm")
        ]
        looser = [name for name, old, new in pairs if old is not None and (new is None or new > old)]
        return (*looser, "reserve_ppm") if self.reserve_ppm < before.reserve_ppm else tuple(looser)


@dataclass(frozen=True, slots=True)
class Guards:
    """What only a bot may ask of its own entries. None and 0 ask for nothing."""

    losses: int | None = None
    """Losing trades in a row after which the bot pauses."""
    losses_pause_minutes: int = 60
    cooldown_win: int = 0
    """Candles without an entry in the symbol after a trade that gained."""
    cooldown_loss: int = 0
    """... after a trade that didn't."""
    cooldown_stop: int = 0
    """... after a trade that its stop or a liquidation closed."""
    orders_per_minute: int | None = None
    price_band_ppm: int | None = None
    """Farthest an entry's price may lie from the last and from the mark price."""
    stale_ppm: int = 1_500_000
    """Oldest the last candle may be at the close decided upon, in millionths of the bot's timeframe."""
    funding_ppm: int | None = None
    """Highest funding rate to be paid, within ``funding_minutes`` before it is due."""
    funding_minutes: int = 30
    liquidation_ppm: int | None = None
    """Nearest the liquidation of the whole ladder may lie to the price of the entry."""
    after_stop: str = "go_on"
    """``close_only``: a trade that its stop or a liquidation closed is the bot's last but those under way."""

    @property
    def asks_results(self) -> bool:
        """Whether it looks at how trades ended."""
        return bool(self.losses or self.cooldown_win or self.cooldown_loss or self.cooldown_stop)

    @property
    def asks_market(self) -> bool:
        """Whether it looks at mark price or funding."""
        return self.price_band_ppm is not None or self.funding_ppm is not None


@dataclass(frozen=True, slots=True)
class Held:
    """What one trade may come to, with all its legs."""

    symbol: str
    worth: int
    """Money units; positive long, negative short."""


@dataclass(frozen=True, slots=True)
class Level:
    """One rung with its limits and figures; money units."""

    where: Where
    limits: Limits
    equity: int
    day_start: int
    """Equity the day began with."""
    peak: int
    """Highest equity so far."""
    day_ms: int = 0
    """When the day began."""
    peak_ms: int = 0
    """When the peak was reached."""
    others: tuple[Held, ...] = ()
    """Trades under way that are not the bot's own."""

    @property
    def day_lost_ppm(self) -> int:
        """Loss of the day in millionths, rounded down; 0 when there is none."""
        return lost_ppm(self.day_start, self.equity)

    @property
    def drawdown_ppm(self) -> int:
        """Fall from the peak in millionths, rounded down."""
        return lost_ppm(self.peak, self.equity)


def lost_ppm(base: int, equity: int) -> int:
    """What of ``base`` is gone, in millionths; all of it can go and more."""
    return mul_div_floor(max(0, base - equity), PPM, base) if base > 0 else 0
