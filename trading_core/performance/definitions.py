"""Every figure of a report: where it stands, what it is called, its unit, and how it is worked out.

Pages, the HTML report and docs/metrics.md take it from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Unit = Literal["money", "%", "", "count", "minutes", "hours", "days", "UTC", "name"]


class Definition(NamedTuple):
    """One figure for people."""

    label: str
    unit: Unit
    says: str


# fmt: off
GROUPS: Mapping[str, Mapping[str, Definition]] = {
    "Result": {
        "net_profit": Definition("Net profit", "money",
            "Balance at the end less that at the start: closed trades after fees, funding and slippage, and"
            " what open ones have paid."),
        "net_profit_pct": Definition("Net profit of the balance", "%", "Net profit over the starting balance."),
        "final_equity": Definition("Final equity", "money",
            "Balance and unrealised profit at the last close, at market."),
        "total_return_pct": Definition("Total return", "%",
            "Final equity over the starting balance, less 1: what is open counts."),
        "cagr_pct": Definition("Growth a year", "%",
            "(Final / first equity)^(365 / days) - 1, from 90 days on: a shorter run raised to a year says "
            "nothing."),
        "market_change_pct": Definition("Market", "%",
            "Change of the traded symbols from the bot's first close to its last, each weighted the same."),
        "bitcoin_change_pct": Definition("Bitcoin", "%", "Change of BTCUSDT over the same time."),
        "alpha_pct": Definition("Beyond the market", "%", "Total return less the change of the market."),
    },
    "Risk": {
        "max_drawdown_pct": Definition("Deepest drawdown", "%",
            "Largest fall of equity from a peak, as a share of that peak, at every close of the bot; what "
            "is open counts at market."),
        "max_drawdown": Definition("Its amount", "money",
            "What the deepest drawdown took, from peak to trough."),
        "max_drawdown_money": Definition("Largest in money", "money",
            "Largest fall in money, which needn't be the deepest."),
        "recovery_days": Definition("Recovery", "days",
            "From the trough of the deepest drawdown back to its peak."),
        "open_drawdown_pct": Definition("Drawdown at the end", "%",
            "How far equity ends below its last peak, as a share of it; 0 at a new peak."),
        "longest_underwater_days": Definition("Longest under water", "days",
            "Longest time from a peak until equity was back there, or the run ended."),
        "realised_drawdown_pct": Definition("Deepest, realised only", "%",
            "As the deepest drawdown, of the balance alone. It hides what open positions have lost, so it "
            "is the second line."),
        "realised_drawdown": Definition("Its amount", "money", "What the deepest fall of the balance took."),
        "recovery_factor": Definition("Recovery factor", "",
            "Profit at market over the largest drawdown in money."),
        "ulcer_pct": Definition("Ulcer index", "%",
            "Root of the squared drawdowns at each day's end over days - 1 (P. Martin)."),
        "cvar_pct": Definition("Bad day (CVaR 5 %)", "%",
            "Mean return of the worst twentieth of days, at least of the worst one."),
        "exposure_time_pct": Definition("Time in the market", "%",
            "Share of the time with at least one position, by the executions."),
        "mean_exposure_pct": Definition("Mean exposure", "%",
            "Value of all positions, whichever way, over equity, at every close of the bot; 0 while flat."),
        "max_exposure_pct": Definition("Largest exposure", "%", "The largest of these values."),
        "locked_hours": Definition("Capital locked", "hours",
            "Value of the positions times the time they were held, over the starting balance: a position "
            "worth all of it for an hour locks one hour."),
    },
    "Ratios": {
        "sharpe": Definition("Sharpe", "",
            "Mean over deviation (n - 1) of daily returns, times the root of 365. Days end at midnight UTC "
            "and count when nothing was traded; no risk-free rate; from 30 days on."),
        "sortino": Definition("Sortino", "",
            "Mean over downside deviation of daily returns (root of the mean of squared losses over all "
            "days), times the root of 365."),
        "calmar": Definition("Calmar", "", "Growth a year over the deepest drawdown; from 90 days on."),
        "omega": Definition("Omega", "", "Sum of the gains of days over the sum of their losses."),
        "probabilistic_sharpe_pct": Definition("Chance Sharpe > 0", "%",
            "Probability that the true Sharpe ratio is above 0, given the number of days, skew and fat "
            "tails (Bailey and Lopez de Prado, 2012)."),
        "sqn": Definition("System quality (SQN)", "",
            "Root of the number of trades, at most 100, times mean over deviation (n - 1) of the results in"
            " R (Van Tharp)."),
    },
    "Trades": {
        "trades": Definition("Closed trades", "count",
            "Round trips from flat to flat on one symbol; legs and partial exits belong to them."),
        "wins": Definition("Won", "count", "Trades with a profit after fees and funding."),
        "losses": Definition("Lost", "count", "Trades with a loss after fees and funding."),
        "draws": Definition("Even", "count", "The others."),
        "win_rate_pct": Definition("Win rate", "%", "Won over all closed trades, even ones among them."),
        "profit_factor": Definition("Profit factor", "",
            "Sum of won over sum of lost; without a loss there is none."),
        "expectancy": Definition("Mean trade", "money", "Mean net result of a trade, rounded down."),
        "expectancy_low": Definition("Mean trade, low", "money",
            "5th percentile of the mean of trades drawn anew from these, with a fixed seed (bootstrap)."),
        "expectancy_high": Definition("Mean trade, high", "money", "95th percentile of the same."),
        "expectancy_pct": Definition("Mean trade of the balance", "%", "Mean trade over the starting balance."),
        "expectancy_r": Definition("Mean trade in R", "",
            "Mean of net result over R: what the entry order's fill would have lost at the stop attached to"
            " it, before fees."),
        "expectancy_ratio": Definition("Expectancy ratio", "",
            "(1 + mean win / mean loss) times win rate, less 1."),
        "average_win": Definition("Mean win", "money", "Mean net result of the trades won."),
        "average_loss": Definition("Mean loss", "money", "Mean net result of the trades lost."),
        "best_trade": Definition("Best trade", "money", "Largest net result."),
        "worst_trade": Definition("Worst trade", "money", "Smallest net result."),
        "best_symbol": Definition("Best symbol", "name", "The one with the largest sum of net results."),
        "worst_symbol": Definition("Worst symbol", "name", "The one with the smallest sum."),
        "longest_winning_streak": Definition("Longest winning streak", "count",
            "Trades won one after the other, by closing; an even one breaks it."),
        "longest_losing_streak": Definition("Longest losing streak", "count",
            "Trades lost one after the other; an even one breaks it."),
        "trades_per_day": Definition("Trades a day", "", "Closed trades over the days of the run."),
        "legs_filled": Definition("Averaging legs", "count",
            "Legs filled, at least in part, over all trades."),
    },
    "Paths of trades": {
        "average_mfe": Definition("Mean best (MFE)", "money",
            "Mean of how far trades were ahead at best, before fees, at executions and minute extremes; 0 "
            "for one that never was."),
        "average_mae": Definition("Mean worst (MAE)", "money",
            "Mean of how far trades were behind at worst."),
        "worst_mae": Definition("Worst (MAE)", "money", "How far any trade was behind at worst."),
        "efficiency_pct": Definition("Efficiency", "%",
            "Sum of net results over the sum of the best: how much of what was there was kept."),
        "average_minutes": Definition("Mean duration", "minutes",
            "From a trade's first execution to its last."),
        "median_minutes": Definition("Median duration", "minutes", "Half of the trades took less."),
        "longest_minutes": Definition("Longest trade", "minutes", "The longest of them."),
        "winning_average_minutes": Definition("Mean duration, won", "minutes", "Of the trades won."),
        "winning_median_minutes": Definition("Median duration, won", "minutes", "Of the trades won."),
        "winning_longest_minutes": Definition("Longest, won", "minutes", "Of the trades won."),
        "losing_average_minutes": Definition("Mean duration, lost", "minutes", "Of the trades lost."),
        "losing_median_minutes": Definition("Median duration, lost", "minutes", "Of the trades lost."),
        "losing_longest_minutes": Definition("Longest, lost", "minutes", "Of the trades lost."),
    },
    "Costs": {
        "fees": Definition("Fees", "money", "Of every execution, those of a trade still open among them."),
        "fees_of_gross_profit_pct": Definition("Fees of gross profit", "%",
            "Fees over what winning trades gained before any cost."),
        "funding": Definition("Funding", "money", "Paid less received."),
        "funding_of_gross_profit_pct": Definition("Funding of gross profit", "%", "Funding over the same."),
        "slippage": Definition("Slippage", "money",
            "What orders that take, stops and liquidations among them, paid beyond the last price."),
        "slippage_of_gross_profit_pct": Definition("Slippage of gross profit", "%",
            "Slippage over the same."),
    },
    "Calendar": {
        "best_day": Definition("Best day", "money", "Largest gain of equity from midnight to midnight, UTC."),
        "best_day_at": Definition("Best day, when", "UTC", "When it began."),
        "worst_day": Definition("Worst day", "money", "Largest loss of equity in a day."),
        "worst_day_at": Definition("Worst day, when", "UTC", "When it began."),
        "best_hour": Definition("Best hour", "money", "Largest gain of equity in an hour of the clock."),
        "best_hour_at": Definition("Best hour, when", "UTC", "When it began."),
        "worst_hour": Definition("Worst hour", "money", "Largest loss of equity in an hour of the clock."),
        "worst_hour_at": Definition("Worst hour, when", "UTC", "When it began."),
        "days_won": Definition("Days won", "count",
            "Days at whose end equity was higher than at their start; the first and the last may be short."),
        "days_even": Definition("Days even", "count", "Days at whose end it was the same."),
        "days_lost": Definition("Days lost", "count", "Days at whose end it was lower."),
    },
    "Honesty": {
        "random_beaten_pct": Definition("Beats random entries", "%",
            "Share of seeded runs that entered at any minute, with the sides, sizes, holding times and "
            "costs of these trades, that made less."),
        "random_net": Definition("Random entries", "money", "What those runs made on average."),
        "ambiguous_candles": Definition("Ambiguous minutes", "count",
            "Minutes that reached an order or a stop on both sides of where they opened, so that the order "
            "of events inside decided; the worse one was taken."),
        "ambiguous_pct": Definition("Share of them", "%",
            "Share of them among the minutes that reached an order or a stop."),
    },
}
# fmt: on

DEFINITIONS: Mapping[str, Definition] = {
    name: definition for group in GROUPS.values() for name, definition in group.items()
}


def as_markdown() -> str:
    """The tables of docs/metrics.md."""
    parts = []
    for group, figures in GROUPS.items():
        rows = [f"| `{name}` | {d.label} | {d.unit} | {d.says} |" for name, d in figures.items()]
        head = (f"### {group}", "", "| figure | name | unit | how |", "|---|---|---|---|")
        parts.append("\n".join((*head, *rows)))
    return "\n\n".join(parts) + "\n"
