from __future__ import annotations

import numpy as np
import pytest

from trading_core.rules.packed import pack_rows, unpack_closes, unpack_rows
from trading_core.rules.verdict import pack_truths, unpack_truths


@pytest.mark.parametrize("slots", [1, 2, 3, 4, 5, 8, 31])
@pytest.mark.parametrize("closes", [0, 1, 7])
def test_many_closes_are_packed_as_each_of_them(slots: int, closes: int) -> None:
    truths = np.random.default_rng(slots).integers(-1, 2, (slots, closes)).astype(np.int8)

    packed = pack_rows(truths)

    assert [bytes(row) for row in packed] == [pack_truths(close.tolist()) for close in truths.T]
    assert [unpack_truths(bytes(row), slots) for row in packed] == truths.T.tolist()
    assert unpack_rows(packed, slots).tolist() == truths.tolist()


def test_rows_of_other_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 2 bytes for 5 slots, was 1"):
        unpack_rows(np.zeros((3, 1), dtype=np.uint8), 5)


def test_closes_that_were_not_told_are_unknown() -> None:
    told = {180_000: pack_truths([1, 0]), 300_000: b"", 60_000: pack_truths([0, -1])}

    assert unpack_closes(told, 2, 60_000).tolist() == [[0, -1, 1, -1, -1], [-1, -1, 0, -1, -1]]
    assert unpack_closes({60_000: b""}, 2, 60_000).tolist() == [[-1], [-1]]
    with pytest.raises(ValueError, match="empty"):
        unpack_closes({}, 2, 60_000)
