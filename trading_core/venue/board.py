"""What a market shows beyond candles: best prices, book, ticker, trades. Simulated from the price."""

from __future__ import annotations

from collections import deque
from typing import Any

from trading_core.market.candle import Candles
from trading_core.market.instrument import Instrument
from trading_core.simulator.price_limits import price_limits
from trading_core.venue.candles import known_candles, number
from trading_core.venue.exchange import Exchange
from trading_core.venue.market.source import MINUTE_MS, STEP_MS
from trading_core.venue.prints import outline
from trading_core.venue.tape import Tape, trade_payload

Payload = dict[str, Any]

_DAY_MS = 1_440 * MINUTE_MS
_LEVEL_NOTIONAL = 40_000.0
"""Quote units at a price level on average: an order of magnitude, not a measurement."""
_HEARD_MIN, _HEARD_MAX, _HEARD_ALL = 60, 1_000, 60_000
"""Trades kept of each symbol of a market that is followed, and of all its symbols together."""


class Board:
    """Derived public data; nothing in it decides a fill."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._days: dict[str, tuple[int, Payload]] = {}
        self.tape = Tape(exchange)
        self._heard: dict[str, deque[Payload]] = {}
        """Trades of a market that is followed."""
        self._heard_most = max(_HEARD_MIN, min(_HEARD_MAX, _HEARD_ALL // len(exchange.source.instruments)))

    def last(self, symbol: str) -> int:
        """Last price, ticks."""
        return self._exchange.quotes[symbol][0]

    def marks(self, symbol: str, last: int) -> tuple[int, int]:
        """(mark, index) in ticks; the last price where there are no others."""
        marks = self._exchange.marks
        return (last, last) if marks is None else marks[symbol]

    def best(self, symbol: str, last: int | None = None) -> tuple[int, int]:
        """(bid, ask) in ticks, around the last price unless another is given."""
        last, spread = self.last(symbol) if last is None else last, 1
        return max(1, last - spread), last + spread

    def levels(self, symbol: str, depth: int, last: int | None = None) -> dict[str, dict[str, str]]:
        """Price levels of both sides, best first: price text to size text."""
        instrument = self._exchange.source.instruments[symbol]
        bid, ask = self.best(symbol, last)
        return {
            "b": dict(self._level(instrument, bid - k) for k in range(min(depth, bid))),
            "a": dict(self._level(instrument, ask + k) for k in range(depth)),
        }

    def _level(self, instrument: Instrument, ticks: int) -> tuple[str, str]:
        price = instrument.price(ticks)
        second = self._exchange.clock_ms // 1_000
        noise = (ticks * 2_654_435_761 + (second + ticks) // 6 * 40_503) % 997 / 997
        lots = _LEVEL_NOTIONAL * (0.1 + 1.8 * noise * noise) / float(price * instrument.qty_step)
        return f"{price:f}", f"{instrument.qty(max(1, round(lots))):f}"

    def ticker(self, symbol: str, last: int | None = None) -> Payload:
        """A linear ticker; in lock-step the price has moved on to the next open when a close is told."""
        instrument = self._exchange.source.instruments[symbol]
        ticks = self.last(symbol) if last is None else last
        book = self.levels(symbol, 1, ticks)
        (bid, bid_size), (ask, ask_size) = (next(iter(book[side].items())) for side in ("b", "a"))
        price = f"{instrument.price(ticks):f}"
        mark, index = self.marks(symbol, ticks)
        day = self._day(symbol)
        before = float(day["prevPrice24h"])
        interval = instrument.funding_interval_min * MINUTE_MS
        next_funding = (self._exchange.clock_ms // interval + 1) * interval
        rate = self._exchange.source.funding_rate_e8(symbol, next_funding)
        change = (float(price) - before) / before
        return {
            "symbol": symbol, "tickDirection": "PlusTick" if change >= 0 else "MinusTick",
            "lastPrice": price, "indexPrice": f"{instrument.price(index):f}",
            "markPrice": f"{instrument.price(mark):f}", "price24hPcnt": f"{change:.6f}",
            **day, "openInterest": "0", "openInterestValue": "0", "fundingRate": f"{rate / 10**8:.8f}",
            "nextFundingTime": str(next_funding), "predictedDeliveryPrice": "", "basisRate": "",
            "deliveryFeeRate": "", "deliveryTime": "0", "ask1Size": ask_size, "bid1Price": bid,
            "ask1Price": ask, "bid1Size": bid_size, "basis": "", "preOpenPrice": "", "preQty": "",
            "curPreListingPhase": "", "fundingIntervalHour": str(instrument.funding_interval_min // 60),
            "basisRateYear": "", "fundingCap": "0.01", **self._exchange.source.told(symbol),
        }  # fmt: skip

    def spot_ticker(self, symbol: str, last: int | None = None) -> Payload:
        """The spot pair's ticker: the perpetual's prices, without what only a contract has."""
        whole = self.ticker(symbol, last)
        names = (
            "symbol", "bid1Price", "bid1Size", "ask1Price", "ask1Size", "lastPrice", "prevPrice24h",
            "price24hPcnt", "highPrice24h", "lowPrice24h", "turnover24h", "volume24h",
        )  # fmt: skip
        return {**{name: whole[name] for name in names}, "usdIndexPrice": whole["indexPrice"]}

    def _day(self, symbol: str) -> Payload:
        """The last 24 hours of closed candles; computed once a minute."""
        closed = self._exchange.last_closed.get(symbol, 0)
        kept = self._days.get(symbol)
        if kept is None or kept[0] != closed:
            kept = (closed, self._compute_day(symbol, closed))
            self._days[symbol] = kept
        return kept[1]

    def _compute_day(self, symbol: str, closed: int) -> Payload:
        candles = known_candles(self._exchange, symbol, closed - _DAY_MS + MINUTE_MS, closed + 1)
        if not len(candles):
            last = number(float(self._exchange.source.instruments[symbol].price(self.last(symbol))))
            empty = dict.fromkeys(("prevPrice24h", "highPrice24h", "lowPrice24h", "prevPrice1h"), last)
            return {**empty, "turnover24h": "0", "volume24h": "0"}
        hour = candles.between(closed - 59 * MINUTE_MS, closed + 1)
        return {
            "prevPrice24h": number(float(candles.open[0])),
            "highPrice24h": number(float(candles.high.max())),
            "lowPrice24h": number(float(candles.low.min())),
            "prevPrice1h": number(float(hour.open[0])),
            "turnover24h": f"{_turnover(candles):.4f}",
            "volume24h": f"{candles.volume.sum():.4f}",
        }

    def price_limits(self, symbol: str) -> Payload:
        """Highest bid and lowest ask that the matching accepts as things stand."""
        instrument, last = self._exchange.source.instruments[symbol], self.last(symbol)
        mark, index = self.marks(symbol, last)
        limits = price_limits(instrument, mark=mark, index=index)
        buy, sell = (f"{instrument.price(ticks):f}" for ticks in limits)
        return {"symbol": symbol, "buyLmt": buy, "sellLmt": sell}

    def keep(self, symbol: str, trade: Payload) -> None:
        """Keep a public trade that was heard, an entry of the stream, for ``recent``."""
        self._heard.setdefault(symbol, deque(maxlen=self._heard_most)).append(trade)

    def _outlined(self, symbol: str) -> list[Payload]:
        """Four trades of the last closed candle: in lock-step nobody walks the inside of a minute."""
        closed = self._exchange.last_closed.get(symbol)
        candle = None if closed is None else self._exchange.source.candle(symbol, closed)
        if candle is None:
            return []
        instrument = self._exchange.source.instruments[symbol]
        made: list[Payload] = []
        before = instrument.nearest_ticks(candle.open)
        for nth, (ticks, lots) in enumerate(outline(candle, instrument)):
            at = candle.open_time + nth * MINUTE_MS // 4
            sequence = at // STEP_MS
            made.append(
                trade_payload(instrument, ticks, before=before, lots=lots, time_ms=at, sequence=sequence)
            )
            before = ticks
        return made

    def _latest(self, symbol: str, limit: int) -> list[Payload]:
        if symbol in self._heard:
            return list(self._heard[symbol])[-limit:]
        made = [] if self._exchange.is_lockstep else self.tape.recent(symbol, limit)
        return made or self._outlined(symbol)[-limit:]

    def recent(self, symbol: str, limit: int) -> list[Payload]:
        """The latest public trades, newest first, as ``recent-trade`` tells them."""
        return [
            {
                "execId": t["i"], "symbol": symbol, "price": t["p"], "size": t["v"], "side": t["S"],
                "time": str(t["T"]), "isBlockTrade": False, "isRPITrade": False, "seq": str(t["seq"]),
            }
            for t in reversed(self._latest(symbol, limit))
        ]  # fmt: skip


def _turnover(candles: Candles) -> float:
    return float((candles.volume * candles.close).sum())
