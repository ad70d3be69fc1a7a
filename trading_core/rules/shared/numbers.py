"""The numbers that conditions compare, gathered from the boards at closes, all at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from trading_core.market.candle import Floats
from trading_core.market.timeframe import Timeframe
from trading_core.rules.columns import Closes, Evaluation, tell
from trading_core.rules.shared.board import Board, Places
from trading_core.rules.shared.recipes import Ref, Source, Told

Boards = Mapping[Timeframe, Board]


class Numbers:
    """Sources as bots of given symbols read them, in a fixed order."""

    def __init__(self, asked: Sequence[tuple[Source, str]], boards: Boards) -> None:
        self._size = len(asked)
        self._boards = boards
        told: dict[Told, list[int]] = defaultdict(list)
        read: dict[Timeframe, list[tuple[int, int, int]]] = defaultdict(list)
        fixed: list[tuple[int, float]] = []
        for place, (source, symbol) in enumerate(asked):
            if isinstance(source, Ref):
                key = source.key.of(symbol)
                read[key.timeframe].append((place, boards[key.timeframe].rows[key], source.offset))
            elif isinstance(source, Told):
                told[source._replace(symbol=source.symbol or symbol)].append(place)
            else:
                fixed.append((place, source))
        self._read = {timeframe: _columns(found) for timeframe, found in read.items()}
        self._told = [(each, np.array(places)) for each, places in told.items()]
        self._fixed = (np.array([p for p, _ in fixed], dtype=np.int64), np.array([v for _, v in fixed]))

    def at(self, closes: Closes, evaluation: Evaluation) -> Floats:
        """The numbers at each close: [sources, closes]; NaN where not ready."""
        found = np.empty((self._size, closes.rows))
        found[self._fixed[0]] = self._fixed[1][:, np.newaxis]
        for timeframe, (places, rows, offsets) in self._read.items():
            found[places] = self._boards[timeframe].take(rows, offsets, closes.numbers(timeframe))
        for told, places in self._told:
            assert told.symbol is not None
            found[places] = tell(told.moment, evaluation, told.symbol, closes.times)
        return found


def _columns(found: list[tuple[int, int, int]]) -> tuple[Places, Places, Places]:
    places, rows, offsets = np.array(found, dtype=np.int64).T
    return places, rows, offsets
