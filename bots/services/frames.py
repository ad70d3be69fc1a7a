"""The frames a rule-set is asked over, cut from the store when they are first looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from bots.services import store
from trading_core.market.candle import Candles
from trading_core.market.resample import resample
from trading_core.market.series import SeriesKey
from trading_core.market.timeframe import Timeframe
from trading_core.rules.model import RuleSet
from trading_core.rules.requirements import frame_start

FrameKey = tuple[str, Timeframe]


class StoreFrames(Mapping[FrameKey, Candles]):
    """Closed candles of one market up to a close, by (symbol, timeframe), resampled once each."""

    def __init__(self, source: str, category: str, *, start_ms: int, close_ms: int) -> None:
        self._source = source
        self._category = category
        self._start_ms = start_ms
        self._close_ms = close_ms
        self._cut: dict[FrameKey, Candles] = {}

    def __getitem__(self, key: FrameKey) -> Candles:
        if key not in self._cut:
            self._cut[key] = self._frame(*key)
        return self._cut[key]

    def __iter__(self) -> Iterator[FrameKey]:
        return iter(self._cut)

    def __len__(self) -> int:
        return len(self._cut)

    def _frame(self, symbol: str, timeframe: Timeframe) -> Candles:
        key = SeriesKey(self._source, self._category, symbol, store.BASE)
        first = self._start_ms // timeframe.ms * timeframe.ms
        base = store.candles(key, first, self._close_ms)
        return resample(base, store.BASE, timeframe, until_ms=self._close_ms)


def frames_for(
    rule_sets: Iterable[RuleSet], *, source: str, category: str, timeframe: Timeframe, close_ms: int
) -> StoreFrames:
    """Return frames that reach far enough back for all of these rule-sets at a close."""
    starts = [frame_start(rules, symbol="", timeframe=timeframe, close_ms=close_ms) for rules in rule_sets]
    start_ms = min(starts, default=close_ms - timeframe.ms)
    return StoreFrames(source, category, start_ms=max(0, start_ms), close_ms=close_ms)
