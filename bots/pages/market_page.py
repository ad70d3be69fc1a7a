"""The market as pages show it: what kind of market each symbol is in, its figures, its indicators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ailona.kit.templatetags.kit import MINUS, NOTHING
from bots.pages import chart
from bots.pages.market import Feed, feeds, market_price
from bots.pages.numbers import NOT_READY, written
from bots.services import store
from bots.services.instruments import latest_instruments
from bots.services.regimes import WINDOWS, SymbolOverview, market_overview, symbol_history, symbol_overview
from trading_core.indicators.anchor import block_start, compute, history
from trading_core.indicators.catalog import CATALOG
from trading_core.indicators.spec import SOURCE, Family, Indicator, Params
from trading_core.market.candle import Floats, number_or_none
from trading_core.market.instrument import Instrument
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.market.window import Dense, dense

CATEGORY = "linear"
SHOWN = 240
"""Candles on the page of a symbol."""
TIMEFRAMES = tuple(WINDOWS)
REGIME = CATALOG["regime"]
FAMILIES: Mapping[Family, str] = {
    Family.TREND: "Trend", Family.MOMENTUM: "Momentum", Family.VOLATILITY: "Volatility",
    Family.VOLUME: "Volume", Family.PRICE: "Price",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class State:
    """A kind of market: a word, a mark, a tone."""

    key: str
    label: str
    mark: str


UP = State("up", "Up-trend", "\N{NORTH EAST ARROW}")
DOWN = State("down", "Down-trend", "\N{SOUTH EAST ARROW}")
RANGE = State("range", "Range", "\N{LEFT RIGHT ARROW}")
UNKNOWN = State("unknown", "Not known yet", "?")
STATES = (UP, RANGE, DOWN, UNKNOWN)


@dataclass(frozen=True, slots=True)
class RegimeLook:
    """What kind of market it is at the last close."""

    state: State
    trend: float | None
    """-1 to 1."""
    volatility: float | None
    """Percentile, 0 to 100."""

    @property
    def trend_x(self) -> float:
        """Where it stands on a scale of 0 to 100 with no trend in the middle."""
        return 50.0 if self.trend is None else 50 + 50 * max(-1.0, min(1.0, self.trend))

    @property
    def trend_text(self) -> str:
        """Signed, two digits."""
        return NOT_READY if self.trend is None else f"{self.trend:+.2f}".replace("-", MINUS)

    @property
    def volatility_text(self) -> str:
        """The percentile."""
        return NOT_READY if self.volatility is None else f"{self.volatility:.0f}"


@dataclass(frozen=True, slots=True)
class SymbolLine:
    """One symbol of the market."""

    symbol: str
    price: Decimal | None
    change_pct: Decimal | None
    """Over the last 24 hours."""
    turnover: str
    funding: str
    last_close_ms: int
    behind: str
    """How far its last close is behind the market's."""
    regime: RegimeLook


@dataclass(frozen=True, slots=True)
class MarketPage:
    """Every symbol of one market."""

    feed: Feed | None
    timeframe: Timeframe
    lines: list[SymbolLine]
    convention: str
    needs: int
    """Candles until a regime is known."""


@dataclass(frozen=True, slots=True)
class IndicatorLine:
    """An indicator at its default parameters."""

    label: str
    params: str
    values: list[tuple[str, str]]
    convention: str


@dataclass(frozen=True, slots=True)
class SymbolPage:
    """One symbol."""

    feed: Feed
    timeframe: Timeframe
    line: SymbolLine
    shares: list[tuple[State, int, float]]
    """Of the shown candles: how many were in each state, and their percent."""
    families: list[tuple[str, list[IndicatorLine]]]
    convention: str


def chosen_timeframe(wanted: str) -> Timeframe:
    """The wanted timeframe if regimes are told on it, else the first."""
    return next((one for one in TIMEFRAMES if one.value == wanted), TIMEFRAMES[0])


def main_feed() -> Feed | None:
    """The market pages show: the first that is connected."""
    heard = feeds()
    return next((feed for feed in heard if feed.connected), heard[0] if heard else None)


def market_page(timeframe: Timeframe) -> MarketPage:
    """Read every symbol of the main market."""
    feed = main_feed()
    lines = [] if feed is None else _lines(feed, market_overview(feed.source, CATEGORY), timeframe)
    return MarketPage(feed, timeframe, lines, *_formula(timeframe))


def _formula(timeframe: Timeframe) -> tuple[str, int]:
    """How a regime is told, and the candles it needs."""
    params = WINDOWS[timeframe]
    windows = ", ".join(f"{REGIME.params[name].label.lower()} {value:g}" for name, value in params.items())
    return f"{REGIME.convention} Here: {windows} candles.", REGIME.warmup(params)


def followed(feed: Feed) -> list[str]:
    """Symbols of a market, by name."""
    return [one.symbol for one in market_overview(feed.source, CATEGORY)]


def symbol_page(feed: Feed, symbol: str, timeframe: Timeframe) -> SymbolPage | None:
    """Read one symbol with every indicator of the catalog; None if it is not followed."""
    overview = symbol_overview(symbol, feed.source, CATEGORY)
    if overview is None:
        return None
    history = symbol_history(symbol, feed.source, CATEGORY, timeframe=timeframe, candles=SHOWN)
    states = [state_of(one.state) for one in history.closes]
    return SymbolPage(
        feed=feed,
        timeframe=timeframe,
        line=_lines(feed, [overview], timeframe)[0],
        shares=[
            (state, number, 100 * number / len(states)) for state in STATES if (number := states.count(state))
        ],
        families=_families(_frame(feed, symbol, timeframe), timeframe),
        convention=_formula(timeframe)[0],
    )


def symbol_chart(feed: Feed, symbol: str, timeframe: Timeframe) -> dict[str, Any]:
    """Candles with the regime of each, JSON-able; times in seconds."""
    instrument = latest_instruments(feed.source, CATEGORY, [symbol]).get(symbol)
    history = symbol_history(symbol, feed.source, CATEGORY, timeframe=timeframe, candles=SHOWN)
    return {
        "symbol": symbol,
        "step": timeframe.ms // 1000,
        "precision": chart.places(instrument),
        "tick": float(instrument.tick_size) if instrument else 0.01,
        "candles": chart.rows(history.candles),
        "executions": [],
        "lines": [],
        "bands": [
            {"time": (one.close_ms - timeframe.ms) // 1000, "state": state_of(one.state).key}
            for one in history.closes
        ],
        "whole": True,
    }


def _frame(feed: Feed, symbol: str, timeframe: Timeframe) -> Dense:
    """The candles every indicator of the catalog needs to say at the last close what rules would hear."""
    back = max(history(one, one.defaults()) for one in CATALOG.values())
    last = feed.last_close_ms // timeframe.ms - 1
    first = max(0, block_start(last, timeframe) - back)
    key = SeriesKey(feed.source, CATEGORY, symbol, timeframe)
    return dense(store.candles(key, first * timeframe.ms, (last + 1) * timeframe.ms), timeframe)


def _lines(feed: Feed, found: Sequence[SymbolOverview], timeframe: Timeframe) -> list[SymbolLine]:
    instruments = latest_instruments(feed.source, CATEGORY, [one.symbol for one in found])
    return [_line(one, instruments.get(one.symbol), timeframe) for one in found]


def _line(one: SymbolOverview, instrument: Instrument | None, timeframe: Timeframe) -> SymbolLine:
    change, funding, regime = one.change_24h_pct, one.funding_rate, one.regimes[timeframe.value]
    return SymbolLine(
        symbol=one.symbol,
        price=market_price(one.price, instrument) if instrument else Decimal(str(one.price)),
        change_pct=None if change is None else Decimal(str(round(change, 4))),
        turnover=_turnover(one.turnover_24h),
        funding=NOTHING if funding is None else f"{funding:+.4f}%".replace("-", MINUS),
        last_close_ms=one.last_close_ms,
        behind=_behind(one.age_ms),
        regime=RegimeLook(state_of(regime.state), regime.trend, regime.volatility),
    )


def _turnover(total: float | None) -> str:
    if total is None:
        return NOTHING
    for size, name in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if total >= size:
            return f"{total / size:,.1f} {name}"
    return f"{total:,.0f}"


def _behind(ms: int) -> str:
    minutes = ms // store.BASE.ms
    return "up to date" if minutes <= 0 else f"{minutes:,} min behind"


def state_of(state: int | None) -> State:
    """The state of a regime for people."""
    return UNKNOWN if state is None else {1: UP, -1: DOWN}.get(state, RANGE)


def _outputs(indicator: Indicator, frame: Dense, timeframe: Timeframe) -> tuple[Floats, ...]:
    """Every output of an indicator at its defaults, one row per candle of the frame."""
    inputs = tuple(frame.column("close" if name == SOURCE else name) for name in indicator.inputs)
    return compute(indicator, indicator.defaults(), inputs, first=frame.first, timeframe=timeframe)


def _families(frame: Dense, timeframe: Timeframe) -> list[tuple[str, list[IndicatorLine]]]:
    if not len(frame):
        return []
    found: dict[Family, list[IndicatorLine]] = {family: [] for family in FAMILIES}
    for indicator in sorted(CATALOG.values(), key=lambda one: one.label):
        if indicator is not REGIME:
            found.setdefault(indicator.family, []).append(_indicator(indicator, frame, timeframe))
    return [(FAMILIES.get(family, family.value), lines) for family, lines in found.items() if lines]


def _indicator(indicator: Indicator, frame: Dense, timeframe: Timeframe) -> IndicatorLine:
    params: Params = indicator.defaults()
    values = [written(number_or_none(column[-1])) for column in _outputs(indicator, frame, timeframe)]
    names = indicator.outputs if len(values) > 1 else ("",)
    shown = ", ".join(f"{value:g}" for value in params.values())
    return IndicatorLine(indicator.label, shown, list(zip(names, values, strict=True)), indicator.convention)
