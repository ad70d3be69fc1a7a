"""The series of a plan: boards of all timeframes, filled from frames once and then kept up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from trading_core.market.timeframe import Timeframe
from trading_core.rules.columns import Closes, Evaluation
from trading_core.rules.shared.board import Board
from trading_core.rules.shared.recipes import Key, Moving, Ref, Source
from trading_core.rules.shared.rows import Row, Rows

Open = Callable[[], Evaluation]
"""Opens an evaluation over the frames of this close; it is let go after each symbol, with all it computed."""


class Series:
    """Rows of every timeframe.

    A row costs 8 bytes for each candle kept of it; with an indicator's state, measured, some 6 kB.
    """

    def __init__(self) -> None:
        self.boards: dict[Timeframe, Board] = {}
        self._rows: dict[Timeframe, Rows] = {}
        self._wanted: dict[Key, Row] = {}
        self._depths: dict[Key, int] = {}
        self._holes: dict[tuple[str, Timeframe], set[int]] = defaultdict(set)
        """Numbers of the latest candles that are missing."""

    def __len__(self) -> int:
        return len(self._wanted)

    @property
    def holes(self) -> bool:
        """Whether one of the latest candles is missing, and may still come."""
        return any(self._holes.values())

    def take(self, evaluation: Evaluation, close_ms: int) -> None:
        """Take the candles that closed until then."""
        # Longer candles first: what combines several series lives on the shortest.
        for timeframe in sorted(self.boards, key=lambda each: -each.ms):
            board = self.boards[timeframe]
            while board.last < close_ms // timeframe.ms - 1:
                for symbol in self._rows[timeframe].step(evaluation):
                    self._holes[symbol, timeframe].add(board.last)

    def arrived(self, evaluation: Evaluation) -> set[str]:
        """The symbols of which a candle has come that was missing when it was taken."""
        late = set()
        for (symbol, timeframe), numbers in self._holes.items():
            board = self.boards.get(timeframe)
            numbers -= {number for number in numbers if board is None or number < board.first}
            if any(evaluation.candle(symbol, timeframe, number) for number in numbers):
                late.add(symbol)
        return late

    def furnish(
        self,
        wanted: Mapping[Key, Row],
        depths: Mapping[Key, int],
        open_evaluation: Open,
        close_ms: int,
        late: Collection[str] = (),
    ) -> None:
        """Stand at a close with these rows; what is there already is kept, but for what ``late`` symbols feed.

        ``depths``: the candles each row is looked back at.
        """
        old, old_rows = self.boards, self._rows
        held = {
            key
            for key, row in wanted.items()
            if key in self._wanted and not _feeds(row, late) and self._depths[key] >= depths[key]
        }
        grouped: dict[Timeframe, list[Row]] = defaultdict(list)
        for row in wanted.values():
            grouped[row.key.timeframe].append(row)
        self.boards, self._rows, self._wanted = {}, {}, dict(wanted)
        self._depths = {key: self._depths[key] if key in held else depth for key, depth in depths.items()}
        for timeframe, rows in grouped.items():
            places = {row.key: place for place, row in enumerate(rows)}
            keep = max(self._depths[row.key] for row in rows)
            board = Board(timeframe, places, keep, close_ms // timeframe.ms - 1)
            if staying := [key for key in places if key in held]:
                board.copy(old[timeframe], staying)
            self.boards[timeframe] = board
        owners = {(row.key.symbol, row.key.timeframe) for row in wanted.values()}
        self._holes = defaultdict(set, {at: each for at, each in self._holes.items() if at in owners})
        fresh: dict[str, list[Row]] = defaultdict(list)
        for timeframe, rows in grouped.items():
            runs = old_rows[timeframe].runs if timeframe in old_rows else {}
            kept = {key: run for key, run in runs.items() if not _feeds(run.row, late)}
            self._rows[timeframe] = Rows(self.boards[timeframe], rows, self.boards, kept)
            for row in rows:
                if row.key not in held:
                    fresh[row.key.symbol or ""].append(row)
        for symbol, rows in fresh.items():
            self._fill(symbol, rows, open_evaluation())

    def _fill(self, symbol: str, rows: Sequence[Row], evaluation: Evaluation) -> None:
        for row in rows:
            board = self.boards[row.key.timeframe]
            if self._rows[board.timeframe].begins(row):
                continue
            frame = evaluation.dense(symbol, board.timeframe)
            first = board.last - self._depths[row.key] + 1
            values = row.recipe.column.native(evaluation, row.symbol, first)
            if frame is not None and values is not None:
                board.put(board.rows[row.key], values, frame.first)
        for timeframe in {row.key.timeframe for row in rows}:
            board = self.boards[timeframe]
            present = evaluation.present(symbol, Closes(timeframe, board.last, board.width))
            self._rows[timeframe].begin(symbol, evaluation, present, self._depths)
            self._holes[symbol, timeframe] = set((np.flatnonzero(~present) + board.first).tolist())


def _feeds(row: Row, symbols: Collection[str]) -> bool:
    """Whether a row depends on candles of one of these symbols."""
    return bool(symbols) and any((each or row.symbol) in symbols for each in row.recipe.symbols)


def depths_of(
    wanted: Mapping[Key, Row], reads: Sequence[tuple[Source, str]], timeframe: Timeframe, rows: int
) -> dict[Key, int]:
    """The candles of each row that must be kept to run over ``rows`` closes of a timeframe."""
    most: dict[Key, int] = dict.fromkeys(wanted, 0)
    for source, symbol in reads:
        if isinstance(source, Ref):
            key = source.key.of(symbol)
            most[key] = max(most[key], source.offset)
    for row in wanted.values():
        kind = row.recipe.kind
        n = kind.n if isinstance(kind, Moving) else 0
        for part in row.parts:
            if isinstance(part, Ref):
                most[part.key] = max(most[part.key], part.offset + n)
    base = {each: rows * timeframe.ms // each.ms + 2 for each in Timeframe}
    # A power of two, so that one more rule-set seldom asks for more.
    return {key: 1 << (base[key.timeframe] + count).bit_length() for key, count in most.items()}
