"""The faults in force: what each is aimed at, how often it strikes, and that it does so by the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from operator import attrgetter
from random import Random
from typing import Any, NamedTuple


class Subject(NamedTuple):
    """What a fault may strike; empty where it doesn't apply."""

    uid: int | None = None
    path: str = ""
    topic: str = ""
    symbol: str = ""


@dataclass(frozen=True, slots=True)
class Where:
    """What a fault is aimed at; None: anything. ``path`` and ``topic`` are shell patterns."""

    uid: int | None = None
    path: str | None = None
    topic: str | None = None
    symbol: str | None = None

    def fits(self, subject: Subject) -> bool:
        """Whether a subject is meant."""
        return (
            self.uid in (None, subject.uid)
            and (self.path is None or fnmatchcase(subject.path, self.path))
            and (self.topic is None or fnmatchcase(subject.topic, self.topic))
            and self.symbol in (None, subject.symbol)
        )


@dataclass(slots=True)
class Fault:
    """One fault in force."""

    number: int
    kind: str
    where: Where
    params: dict[str, Any]
    chance: Random
    probability: float = 1.0
    nth: int = 1
    """The first fitting subject it may strike."""
    count: int | None = None
    """How often it strikes at most."""
    met: int = 0
    """Fitting subjects so far."""
    struck: int = 0
    memory: dict[Any, Any] = field(default_factory=dict)
    """What its family has to remember."""

    @property
    def is_spent(self) -> bool:
        """Whether it will never strike again."""
        return self.count is not None and self.struck >= self.count

    def strikes(self, subject: Subject) -> bool:
        """Whether this subject is struck; each call is one more subject met."""
        if self.is_spent or not self.where.fits(subject):
            return False
        self.met += 1
        if self.met < self.nth or self.chance.random() >= self.probability:
            return False
        self.struck += 1
        return True

    def told(self) -> dict[str, Any]:
        """Plain values for the control API."""
        where = {name: getattr(self.where, name) for name in Subject._fields}
        return {
            "id": self.number, "kind": self.kind, "params": self.params, "nth": self.nth,
            "where": {name: value for name, value in where.items() if value is not None},
            "probability": self.probability, "count": self.count, "met": self.met, "struck": self.struck,
        }  # fmt: skip


class Faults:
    """Every fault in force, in the order they were set."""

    def __init__(self, *, seed: int) -> None:
        self._seed = seed
        self._faults: dict[int, Fault] = {}
        self._by_kind: dict[str, dict[int, Fault]] = {}
        self._last = 0
        self.closed_until_ms = 0
        """Wall clock up to which nobody is served (outages)."""
        self.closed_how = ""

    def __bool__(self) -> bool:
        return bool(self._faults)

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults.values()))

    def add(self, kind: str, where: Where, params: dict[str, Any], *, seed: int | None, **when: Any) -> Fault:
        """Put a fault in force. Its chances depend on the seed and on its number alone."""
        self._last += 1
        chance = Random(f"{self._seed if seed is None else seed}:{self._last if seed is None else kind}")  # noqa: S311
        fault = Fault(self._last, kind, where, params, chance, **when)
        self._faults[fault.number] = fault
        self._by_kind.setdefault(kind, {})[fault.number] = fault
        return fault

    def of(self, *kinds: str) -> list[Fault]:
        """Faults of these kinds, in the order they were set."""
        found = [fault for kind in kinds for fault in self._by_kind.get(kind, {}).values()]
        return sorted(found, key=attrgetter("number")) if len(found) > 1 else found

    def first(self, subject: Subject, *kinds: str) -> Fault | None:
        """The first fault of these kinds that strikes a subject."""
        return next((fault for fault in self.of(*kinds) if fault.strikes(subject)), None)

    def remove(self, number: int) -> Fault | None:
        """Take a fault out of force."""
        fault = self._faults.pop(number, None)
        if fault is not None:
            del self._by_kind[fault.kind][number]
        return fault
