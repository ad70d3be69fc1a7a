"""Rule-sets to start from, each with a word on what it does badly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conditions.son import SON
from trading_core.rules.model import RuleSet
from trading_core.rules.parse_text import parse_text


@dataclass(frozen=True, slots=True)
class RuleTemplate:
    """A rule-set to start from."""

    name: str
    idea: str
    """The kind of trading, in two or three words."""
    summary: str
    weakness: str
    """What it does badly, so that nobody has to find out with money."""
    rules: RuleSet


def _rules(*, expires: int = 1, **trees: str) -> RuleSet:
    return RuleSet(**{name: parse_text(text) for name, text in trees.items()}, expires=expires)


_TEMPLATES = {
    "eager_scalper": RuleTemplate(
        "Eager scalper",
        "Scalping",
        "Goes with every small move and leaves when it tires: many short trades.",
        "Pays fees on nearly every candle; in a market that goes nowhere they eat it.",
        _rules(
            long="above: close > ema(3) #scalp",
            short="below: close < ema(3) #scalp",
            exit_long="up_spent: rsi(7) > 80 or turned_down: ema(3) crosses below ema(8)",
            exit_short="down_spent: rsi(7) < 20 or turned_up: ema(3) crosses above ema(8)",
        ),
    ),
    "mean_reversion": RuleTemplate(
        "Mean reversion scalp",
        "Mean reversion",
        "Buys below the lower Bollinger band, sells above the upper one, leaves at the middle.",
        "Stands against every strong trend: one long move can undo many small gains.",
        _rules(
            long="under_band: bollinger(20, 2).percent_b < 0.05 #reversion and sold_out: rsi(7) < 32",
            short="over_band: bollinger(20, 2).percent_b > 0.95 #reversion and bought_out: rsi(7) > 68",
            exit_long="back_up: close >= bollinger(20, 2).middle",
            exit_short="back_down: close <= bollinger(20, 2).middle",
            average_long="deeper: rsi(7) < 22",
            average_short="higher: rsi(7) > 78",
        ),
    ),
    "smart_averaging": RuleTemplate(
        "Smart averaging",
        "Averaging",
        "A small first entry on a dip; each further leg waits until the fall slows down.",
        "Lives on recoveries: in a fall that doesn't end it is fully invested just before the stop.",
        _rules(
            long="dip: change_pct(close, 30) < -0.4 #dip and turning: (rsi(14) crosses above 35 within 3)",
            short="spike: change_pct(close, 30) > 0.4 #spike and tiring: (rsi(14) crosses below 65 within 3)",
            exit_long="paid: position.pnl_pct > 0.8 and losing_force: rsi(7) falling 2",
            exit_short="earned: position.pnl_pct > 0.8 and gaining_force: rsi(7) rising 2",
            average_long="cheaper: position.pnl_pct < -0.6 and slowing: (rsi(7) crosses above 30 within 2)",
            average_short="dearer: position.pnl_pct < -0.6 and easing: (rsi(7) crosses below 70 within 2)",
        ),
    ),
    "session_open": RuleTemplate(
        "London open",
        "Session open",
        "In the first two hours of London it goes with the break of the last hour's range.",
        "A handful of signals a week, and the first break of a morning is often a false one. Holidays aren't known.",
        _rules(
            long="london_long: session(london) == 1 #london and early_long: hour(Europe/London) < 10"
            " and break_up: close > donchian(60).upper[1]",
            short="london_short: session(london) == 1 #london and early_short: hour(Europe/London) < 10"
            " and break_down: close < donchian(60).lower[1]",
            exit_long="back_in: close < donchian(30).lower[1] or noon: hour(Europe/London) >= 12",
            exit_short="back_inside: close > donchian(30).upper[1] or midday: hour(Europe/London) >= 12",
        ),
    ),
    "trend_pullback": RuleTemplate(
        "Trend pullback",
        "Pullback, two timeframes",
        "Waits for a pause in a trend of the higher timeframe and enters when it goes on.",
        "Late at turns, and idle for hours while nothing trends.",
        _rules(
            long="trend_up: ema(9)@5m > ema(21)@5m #trend and resumes_up: (rsi(7) crosses above 40 within 3)"
            " and over_mean: close > ema(50)",
            short="trend_down: ema(9)@5m < ema(21)@5m #trend and resumes_down: (rsi(7) crosses below 60 within 3)"
            " and under_mean: close < ema(50)",
            exit_long="rolled_over: ema(9) crosses below ema(21)",
            exit_short="rolled_up: ema(9) crosses above ema(21)",
        ),
    ),
    "timeframe_agreement": RuleTemplate(
        "Three timeframes agree",
        "Pullback, three timeframes",
        "Fifteen minutes and an hour point the same way, and a dip against them just ended.",
        "When all agree the move is old: it buys late in a trend, and needs two days of candles to begin.",
        _rules(
            long="hour_up: ema(21)@1h > ema(55)@1h #aligned and quarter_up: ema(21)@15m > ema(55)@15m"
            " and dip_over: (rsi(14) crosses above 40 within 3)",
            short="hour_down: ema(21)@1h < ema(55)@1h #aligned and quarter_down: ema(21)@15m < ema(55)@15m"
            " and rise_over: (rsi(14) crosses below 60 within 3)",
            exit_long="quarter_turned_down: close@15m < ema(55)@15m or up_spent: rsi(14) > 80",
            exit_short="quarter_turned_up: close@15m > ema(55)@15m or down_spent: rsi(14) < 20",
            expires=2,
        ),
    ),
    "breakout": RuleTemplate(
        "Breakout",
        "Breakout",
        "Enters when the close leaves the range of the last 20 candles on more volume than usual.",
        "Most breakouts fail: it loses often and lives on a few large moves.",
        _rules(
            long="new_high: close > donchian(20).upper[1] #breakout"
            " and on_volume: volume > volume_sma(20) * 1.2",
            short="new_low: close < donchian(20).lower[1] #breakout"
            " and on_turnover: volume > volume_sma(20) * 1.2",
            exit_long="lost_half: close < donchian(10).lower[1]",
            exit_short="won_back_half: close > donchian(10).upper[1]",
        ),
    ),
    "volatility_squeeze": RuleTemplate(
        "Volatility squeeze",
        "Volatility",
        "After the bands were narrower than four fifths of the last hours, it goes with the side they break to.",
        "Quiet markets break both ways before they move: two or three small losses precede each gain.",
        _rules(
            long="squeeze_long: (percentile(bollinger(20, 2).width, 240) < 20 within 10) #squeeze"
            " and burst_up: close > bollinger(20, 2).upper",
            short="squeeze_short: (percentile(bollinger(20, 2).width, 240) < 20 within 10) #squeeze"
            " and burst_down: close < bollinger(20, 2).lower",
            exit_long="middle_lost: close < bollinger(20, 2).middle",
            exit_short="middle_won: close > bollinger(20, 2).middle",
        ),
    ),
    "trend_following": RuleTemplate(
        "Trend follower",
        "Trend",
        "Enters when the trend has strength, stays as long as it lasts.",
        "In a range it enters and leaves at a loss again and again; most of the money comes from few trades.",
        _rules(
            long="crossed_up: (ema(21) crosses above ema(55) within 5) #trend"
            " and still_up: ema(21) > ema(55) and strong_up: adx(14) > 20",
            short="crossed_down: (ema(21) crosses below ema(55) within 5) #trend"
            " and still_down: ema(21) < ema(55) and strong_down: adx(14) > 20",
            exit_long="trend_lost: close < ema(55) for 3",
            exit_short="trend_broken: close > ema(55) for 3",
            expires=3,
        ),
    ),
    "regime_gated": RuleTemplate(
        "Only in a range",
        "Regime-gated",
        "Trades back to the middle, but only while the market regime says range.",
        "The regime is known late: the first trades of a new trend are on the wrong side.",
        _rules(
            long="range_long: regime(48, 240).state == 0 #range and cheap: bollinger(20, 2).percent_b < 0.1",
            short="range_short: regime(48, 240).state == 0 #range and dear: bollinger(20, 2).percent_b > 0.9",
            exit_long="middle: close >= bollinger(20, 2).middle or falls: regime(48, 240).state == -1",
            exit_short="centre: close <= bollinger(20, 2).middle or climbs: regime(48, 240).state == 1",
        ),
    ),
    "funding_aware": RuleTemplate(
        "Against the crowd's funding",
        "Funding",
        "Takes the side that is paid by funding once price turns its way.",
        "Funding stays extreme for days in a strong trend, and where the market tells no funding it stays silent.",
        _rules(
            long="paid_to_be_long: funding_rate < -0.005 #funding"
            " and turns_up: (ema(9) crosses above ema(21) within 3)",
            short="paid_to_be_short: funding_rate > 0.015 #funding"
            " and turns_down: (ema(9) crosses below ema(21) within 3)",
            exit_long="costs: funding_rate > 0.01 or gives_way: ema(9) crosses below ema(21)",
            exit_short="pays_no_more: funding_rate < 0 or gives_in: ema(9) crosses above ema(21)",
        ),
    ),
    "son": RuleTemplate(
        "SON",
        "The platform's defaults",
        "The platform's defaults: with a trend that has strength, after a pause in it.",
        "Trades seldom, and gives back part of each move before it leaves.",
        SON,
    ),
}

RULE_TEMPLATES: Mapping[str, RuleTemplate] = MappingProxyType(_TEMPLATES)
"""By code, the most active first."""
