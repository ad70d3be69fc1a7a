"""What one private connection has told already: executions come once, positions never go back."""

from __future__ import annotations

from trading_core.exchanges.port import ExecutionNews, PositionNews, PrivateNews

EXECUTIONS_KEPT = 4_096
"""A duplicate comes within seconds; anything older is recognised by its row."""


class Newest:
    """Lets news through that are new; one for each connection."""

    def __init__(self) -> None:
        self._executions: dict[str, None] = {}
        self._positions: dict[str, tuple[int, int]] = {}

    def is_news(self, news: PrivateNews) -> bool:
        """Whether a piece of news is neither a duplicate nor older than what was told of its subject.

        Orders are judged by their rows (``bots.services.order_states``), which know more of them.
        """
        match news:
            case ExecutionNews():
                return self._is_first(news.exec_id)
            case PositionNews():
                return self._is_newest(news)
        return True

    def _is_first(self, exec_id: str) -> bool:
        if exec_id in self._executions:
            return False
        self._executions[exec_id] = None
        if len(self._executions) > EXECUTIONS_KEPT:
            del self._executions[next(iter(self._executions))]
        return True

    def _is_newest(self, news: PositionNews) -> bool:
        at = (news.updated_ms, news.sequence)
        if at < self._positions.get(news.symbol, at):
            return False
        self._positions[news.symbol] = at
        return True
