"""Rules in plain sentences, with every group in brackets, so that nobody has to guess what binds what."""

from __future__ import annotations

from trading_core.rules.model import (
    All,
    AnyOf,
    AtLeast,
    Compare,
    Condition,
    Constant,
    Count,
    Named,
    Node,
    Not,
    Range,
    RuleSet,
    Session,
    Trend,
)
from trading_core.rules.operators import OPERATORS
from trading_core.rules.prose_operand import candles, said_operand
from trading_core.rules.sessions import SESSIONS

_HEADS = {
    "long": "Enter long",
    "short": "Enter short",
    "exit_long": "Exit a long",
    "exit_short": "Exit a short",
    "average_long": "Average a long",
    "average_short": "Average a short",
}


def said(rules: RuleSet | Node) -> tuple[str, ...]:
    """Return a sentence per tree, and one more if a signal lives longer than a candle; of a node, one."""
    if not isinstance(rules, RuleSet):
        return (f"{_capital(_words(rules))}.",)
    trees = [f"{_HEADS[name]} when {_words(tree)}." for name, tree in rules.trees() if tree is not None]
    if rules.expires == 1:
        return tuple(trees)
    return (*trees, f"A signal to enter may be acted on for {candles(rules.expires)} after its close.")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _words(node: Node) -> str:
    if isinstance(node, (Compare, Range, Trend)):
        return said_condition(node)
    if isinstance(node, Named):
        return _words(node.node)
    if isinstance(node, Not):
        return f"not ({_words(node.node)})"
    if isinstance(node, Count):
        return f"{_part(node.node)}, {_closes(node)}"
    if isinstance(node, AtLeast):
        return f"at least {node.k} of these {len(node.nodes)}: {'; '.join(map(_part, node.nodes))}"
    word = "and" if isinstance(node, All) else "or"
    head = "all of" if isinstance(node, All) else "any of"
    return f"{head}: {f'; {word} '.join(map(_part, node.nodes))}"


def _part(node: Node) -> str:
    """A node inside another: groups in brackets."""
    inner = node.node if isinstance(node, Named) else node
    return f"({_words(inner)})" if isinstance(inner, (All, AnyOf, AtLeast, Count)) else _words(inner)


def _closes(count: Count) -> str:
    if count.n == 1:
        return "at this close"
    if count.k == count.n:
        return f"at each of the last {count.n} closes"
    return f"at {'one' if count.k == 1 else f'{count.k} or more'} of the last {count.n} closes"


def said_condition(condition: Condition) -> str:
    """Return a condition in words."""
    left, label = said_operand(condition.left), OPERATORS[condition.op].label
    if isinstance(condition, Compare):
        return _session(condition) or f"{left} {label} {said_operand(condition.right)}"
    if isinstance(condition, Range):
        return f"{left} {label} {said_operand(condition.low)} and {said_operand(condition.high)}"
    return f"{left} {label} for {candles(condition.n)}"


def _session(condition: Compare) -> str | None:
    """``the London session is open`` where that is asked."""
    session, number = condition.left, condition.right
    if not isinstance(session, Session) or number not in (Constant(0.0), Constant(1.0)):
        return None
    if condition.op not in ("==", "!="):
        return None
    open_ = (number == Constant(1.0)) == (condition.op == "==")
    return f"the {SESSIONS[session.name].label} session is {'open' if open_ else 'closed'}"
