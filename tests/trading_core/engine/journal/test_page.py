from __future__ import annotations

import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_core.engine.journal.chain import beginning, following
from trading_core.engine.journal.page import PAGE_MAX, Packable, PageBroken, pack, unpack
from trading_core.engine.outcome import OutcomeCode

MINUTE = 60_000

scalars = st.one_of(
    st.integers(-(2**70), 2**70), st.booleans(), st.none(), st.text(max_size=8),
    st.floats(allow_nan=False, allow_infinity=False),
)  # fmt: skip
values: st.SearchStrategy[Any] = st.one_of(scalars, st.lists(scalars, max_size=3), st.just({}))
details = st.recursive(
    st.dictionaries(st.text(max_size=6), values, max_size=3),
    lambda inner: st.dictionaries(st.text(max_size=6), st.one_of(values, inner), max_size=3),
    max_leaves=6,
)


@st.composite
def journals(draw: st.DrawFn) -> list[Packable]:
    count = draw(st.integers(1, 40))
    close_ms = draw(st.integers(0, 2**41))
    made = []
    for _ in range(count):
        close_ms += draw(st.sampled_from([MINUTE, MINUTE, MINUTE, 5 * MINUTE, 86_400_000, 1]))
        code = draw(st.sampled_from([*OutcomeCode, "a code of tomorrow"]))
        leaves = draw(st.binary(max_size=7))
        made.append(Packable(close_ms, str(code), leaves, draw(details)))
    return made


@given(journals())
@settings(max_examples=150, deadline=None)
def test_whatever_is_packed_comes_back_bit_for_bit(decisions: list[Packable]) -> None:
    page = unpack(pack(decisions))

    assert page.rows() == decisions
    assert [type(v) for d in page.rows() for v in d.details.values()] == [
        type(v) for d in decisions for v in d.details.values()
    ]


def quiet(count: int, *, first_ms: int = MINUTE) -> list[Packable]:
    return [Packable(first_ms + i * MINUTE, "no_signal", b"\x14", {}) for i in range(count)]


def test_consecutive_closes_and_unchanged_answers_cost_next_to_nothing() -> None:
    assert len(pack(quiet(1024))) < 150


def test_numbers_that_rise_cost_a_byte_or_two() -> None:
    ticking = [Packable(d.close_ms, "in_position", b"", {"lots": 7_000_000 + 3 * i, "side": "long"})
               for i, d in enumerate(quiet(1024))]  # fmt: skip

    assert len(pack(ticking)) < 250


@pytest.mark.parametrize("count", [0, PAGE_MAX + 1])
def test_a_page_holds_at_least_one_decision_and_not_too_many(count: int) -> None:
    with pytest.raises(ValueError, match="expected 1 to"):
        pack(quiet(count))


def test_closes_must_rise() -> None:
    one = quiet(1)[0]

    with pytest.raises(ValueError, match="rising"):
        pack([one, one])


def test_a_flipped_bit_is_refused_or_was_padding() -> None:
    blob = pack(quiet(50))
    harmless = 0

    for place in range(8 * len(blob)):
        broken = bytearray(blob)
        broken[place // 8] ^= 1 << place % 8
        try:
            assert unpack(bytes(broken)).rows() == quiet(50)
            harmless += 1
        except PageBroken:
            continue
    assert harmless < 16


@pytest.mark.parametrize("cut", [0, 1, 2, 20])
def test_a_page_cut_short_is_broken(cut: int) -> None:
    with pytest.raises(PageBroken):
        unpack(pack(quiet(50))[:cut])


def test_a_page_that_goes_on_after_its_end_is_broken() -> None:
    with pytest.raises(PageBroken, match="goes on"):
        unpack(pack(quiet(5)) + b"x")


def test_a_page_that_unpacks_without_end_is_refused() -> None:
    with pytest.raises(PageBroken, match="too long"):
        unpack(b"\x01" + zlib.compress(bytes(64 * 1024 * 1024)))


@pytest.mark.parametrize(
    "head",
    [
        "[]", "{}", '{"n":1}', "nonsense",
        '{"n":-1,"first":0,"gaps":[],"codes":[],"widths":[],"shapes":[],"columns":[]}',
        '{"n":1,"first":0,"gaps":[],"codes":["a"],"widths":[[0,1]],"shapes":[{"a":null}],"columns":[[["v",[]]]]}',
        '{"n":1,"first":0,"gaps":[],"codes":[],"widths":[[0,1]],"shapes":[{}],"columns":[[]]}',
        '{"n":1,"first":0,"gaps":[],"codes":["a"],"widths":[[-1,1]],"shapes":[{}],"columns":[[]]}',
        '{"n":1,"first":0,"gaps":[],"codes":["a"],"widths":[[0,99999999]],"shapes":[{}],"columns":[[]]}',
    ],
)  # fmt: skip
def test_a_page_with_a_broken_head_is_refused(head: str) -> None:
    text = head.encode()
    body = len(text).to_bytes(4, "little") + text + bytes(3)

    with pytest.raises(PageBroken, match="not a page"):
        unpack(b"\x01" + zlib.compress(body))


def test_a_format_of_tomorrow_is_named() -> None:
    with pytest.raises(PageBroken, match="format 1"):
        unpack(b"\x02" + pack(quiet(1))[1:])


def test_the_chain_is_bound_to_its_bot_its_symbol_and_every_page_before() -> None:
    pages = [pack(quiet(3)), pack(quiet(3, first_ms=10 * MINUTE))]

    def chain(bot: str, symbol: str, *blobs: bytes) -> Any:
        digest = beginning(bot, symbol)
        for blob in blobs:
            digest = following(digest, blob)
        return digest

    whole = chain("b", "X", *pages)
    others = [chain("c", "X", *pages), chain("b", "Y", *pages), chain("b", "X", *pages[::-1]),
              chain("b", "X", pages[1])]  # fmt: skip
    assert len({whole, *others}) == 5
