"""Decisions of one bot and symbol packed into a page of bytes, and back, bit for bit.

Format 1: the byte 1, then zlib over a head and four arrays, each a column over all decisions, because
what changes rarely from close to close then costs next to nothing:

    uint32          length of the head
    head            JSON: ``n`` decisions, ``first`` close in ms, ``gaps`` to the next close as runs
                    [gap ms, how often], ``codes`` that occur, ``widths`` of the leaves in bytes as runs
                    [width, how often], ``shapes`` of details and, shape by shape, their ``columns``
    n x uint8       place of the code
    4w x n / 4      truths in two bits, condition by condition; w is the largest width, a column
                    is filled up to whole bytes
    n x uint16      place of the shape

A shape is the details with every value left out; each value has a column ``[kind, values]`` with what stood
there in the order of the decisions: kind ``d`` integers as differences to the one before, ``v`` as they are.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, groupby, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from trading_core.errors import AilonaError

FORMAT = 1
PAGE_MAX = 4_096
"""Decisions a page may hold."""
BODY_MAX = 16 * 1024 * 1024
"""Bytes a page may unpack to: a broken one must not fill the memory."""

Details = dict[str, Any]
Bytes = npt.NDArray[np.uint8]


class PageBroken(AilonaError):
    """A page whose bytes are not what was written."""


@dataclass(frozen=True, slots=True)
class Packable:
    """One decision as it is packed."""

    close_ms: int
    code: str
    leaves: bytes
    details: Details


@dataclass(frozen=True)
class Page:
    """An opened page: columns over its decisions."""

    close_ms: npt.NDArray[np.int64]
    """Rising."""
    codes: tuple[str, ...]
    """Those that occur."""
    code: Bytes
    """Place of each decision's code among ``codes``."""
    widths: npt.NDArray[np.int64]
    """Bytes of each decision's leaves."""
    packed: Bytes
    """One row per decision: its leaves, filled up with zeros."""
    head: dict[str, Any]
    shape: npt.NDArray[np.uint16]

    def __len__(self) -> int:
        return len(self.close_ms)

    def leaves(self, row: int) -> bytes:
        """The leaves of one decision as they were."""
        return self.packed[row, : self.widths[row]].tobytes()

    @cached_property
    def details(self) -> list[Details]:
        """The details of each decision."""
        filled = zip(self.head["shapes"], self.head["columns"], strict=True)
        made = [_filled(shape, columns) for shape, columns in filled]
        return [next(made[place]) for place in self.shape.tolist()]

    def rows(self) -> list[Packable]:
        """Every decision, oldest first."""
        return [self.row(row) for row in range(len(self))]

    def row(self, row: int) -> Packable:
        """One decision."""
        code = self.codes[self.code[row]]
        return Packable(int(self.close_ms[row]), code, self.leaves(row), self.details[row])


def pack(decisions: Sequence[Packable]) -> bytes:
    """Return decisions, in rising order of their closes, as a page; raise ValueError if they can't be one."""
    times = [d.close_ms for d in decisions]
    if not 0 < len(times) <= PAGE_MAX or any(a >= b for a, b in pairwise(times)):
        raise ValueError(f"expected 1 to {PAGE_MAX} decisions of rising closes")
    codes = sorted({d.code for d in decisions})
    widths = [len(d.leaves) for d in decisions]
    shaped = [_shape(d.details) for d in decisions]
    shapes = sorted({text for text, _ in shaped})
    head = {
        "n": len(times),
        "first": times[0],
        "gaps": _runs(b - a for a, b in pairwise(times)),
        "codes": codes,
        "widths": _runs(widths),
        "shapes": [json.loads(text) for text in shapes],
        "columns": [_columns([values for text, values in shaped if text == shape]) for shape in shapes],
    }
    text = json.dumps(head, separators=(",", ":"), allow_nan=False).encode()
    arrays = (
        np.array([codes.index(d.code) for d in decisions], dtype=np.uint8).tobytes(),
        _crumbs([d.leaves for d in decisions], max(widths)),
        np.array([shapes.index(shape) for shape, _ in shaped], dtype="<u2").tobytes(),
    )
    body = b"".join((struct.pack("<I", len(text)), text, *arrays))
    return bytes([FORMAT]) + zlib.compress(body, 9)


def unpack(blob: bytes) -> Page:
    """Return the page in a blob; raise PageBroken if it is none."""
    if blob[:1] != bytes([FORMAT]):
        raise PageBroken(f"expected a page of format {FORMAT}, begins with {blob[:1]!r}")
    try:
        return _read(_inflated(blob[1:]))
    except (ValueError, KeyError, TypeError, IndexError, struct.error, zlib.error, RecursionError) as error:
        raise PageBroken(f"not a page: {error}") from error


def _inflated(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, BODY_MAX)
    if not unpacker.eof or unpacker.unused_data:
        raise ValueError("it is cut short, too long, or goes on after its end")
    return body


def _read(body: bytes) -> Page:
    (length,) = struct.unpack_from("<I", body)
    head = json.loads(body[4 : 4 + length])
    n = int(head["n"])
    widths = _expanded(head["widths"], n)
    width = int(widths.max())
    sizes = (4 + length, n, 4 * width * -(-n // 4), 2 * n)
    at = list(accumulate(sizes))
    if not 0 < n <= PAGE_MAX or at[-1] != len(body):
        raise ValueError(f"expected {at[-1]} bytes for {n} decisions, has {len(body)}")
    gaps = _expanded(head["gaps"], n - 1)
    page = Page(
        close_ms=np.concatenate(([0], np.cumsum(gaps))) + int(head["first"]),
        codes=tuple(head["codes"]),
        code=np.frombuffer(body, np.uint8, n, at[0]),
        widths=widths,
        packed=_rows(np.frombuffer(body, np.uint8, sizes[2], at[1]), n, width),
        head=head,
        shape=np.frombuffer(body, "<u2", n, at[2]),
    )
    _check(page)
    return page


def _check(page: Page) -> None:
    """Raise ValueError unless every code and shape that is named is there, and every column is full."""
    columns = page.head["columns"]
    if page.code.max() >= len(page.codes) or len(page.head["shapes"]) != len(columns):
        raise ValueError("it names a code or a shape that it doesn't have")
    for of_shape, rows in zip(columns, np.bincount(page.shape, minlength=len(columns)), strict=True):
        if any(len(values) != rows for _, values in of_shape):
            raise ValueError("a column of its details is not full")


def _runs(values: Iterable[int]) -> list[list[int]]:
    return [[value, len(list(same))] for value, same in groupby(values)]


def _expanded(runs: list[list[int]], n: int) -> npt.NDArray[np.int64]:
    """The numbers of runs; raise ValueError if they are not n."""
    pairs = np.array(runs, dtype=np.int64).reshape(-1, 2)
    if pairs[:, 1].sum() != n or (pairs < 0).any():
        raise ValueError(f"expected runs over {n} values")
    return np.repeat(pairs[:, 0], pairs[:, 1])


def _crumbs(leaves: Sequence[bytes], width: int) -> bytes:
    """Leaves turned round: two bits of every decision for the first condition, then for the second, ..."""
    quarters = -(-len(leaves) // 4)
    rows = np.zeros((4 * quarters, width), dtype=np.uint8)
    for row, packed in enumerate(leaves):
        rows[row, : len(packed)] = np.frombuffer(packed, np.uint8)
    columns = np.stack([rows >> shift & 3 for shift in (0, 2, 4, 6)], axis=2).reshape(len(rows), 4 * width).T
    return _four(columns.reshape(4 * width, quarters, 4)).tobytes()


def _rows(crumbs: Bytes, n: int, width: int) -> Bytes:
    """The leaves of each decision, filled up with zeros: what ``_crumbs`` turned round."""
    padded = -(-n // 4) * 4
    columns = np.stack([crumbs >> shift & 3 for shift in (0, 2, 4, 6)], axis=1).reshape(4 * width, padded)
    return _four(columns.T.reshape(padded, width, 4))[:n]


def _four(crumbs: Bytes) -> Bytes:
    """Four crumbs of two bits, along the last axis, as a byte."""
    shifted = crumbs << np.array([0, 2, 4, 6], dtype=np.uint8)
    folded: Bytes = np.bitwise_or.reduce(shifted, axis=-1)
    return folded


def _shape(details: Details) -> tuple[str, list[Any]]:
    """Details as their shape, JSON text in which every value is null, and the values in its order."""
    values: list[Any] = []
    text = json.dumps(_emptied(details, values), separators=(",", ":"), allow_nan=False)
    return text, values


def _emptied(details: Details, values: list[Any]) -> Details:
    empty: Details = {}
    for key, value in details.items():
        if isinstance(value, dict) and value:
            empty[key] = _emptied(value, values)
        else:
            values.append(value)
            empty[key] = None
    return empty


def _columns(rows: list[list[Any]]) -> list[list[Any]]:
    return [_column(list(column)) for column in zip(*rows, strict=True)]


def _column(values: list[Any]) -> list[Any]:
    if all(type(value) is int for value in values):
        return ["d", [values[0], *(b - a for a, b in pairwise(values))]]
    return ["v", values]


def _filled(shape: Details, columns: list[list[Any]]) -> Iterator[Details]:
    """The details of one shape, one after the other."""
    whole = [list(accumulate(values)) if kind == "d" else values for kind, values in columns]
    if not whole:
        while True:
            yield _copied(shape, iter(()))
    for values in zip(*whole, strict=True):
        yield _copied(shape, iter(values))


def _copied(shape: Details, values: Iterator[Any]) -> Details:
    return {
        key: _copied(inner, values) if isinstance(inner, dict) else next(values)
        for key, inner in shape.items()
    }
