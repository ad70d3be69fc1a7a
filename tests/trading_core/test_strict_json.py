from __future__ import annotations

import pytest

from trading_core.errors import InvalidInput
from trading_core.strict_json import loads


def test_loads_plain_json() -> None:
    assert loads('{"a": [1, 2.5, "x\\ny", true, null]}') == {"a": [1, 2.5, "x\ny", True, None]}
    assert loads(b'"\xc3\xa4 [{"') == "ä [{"


@pytest.mark.parametrize(
    "text,path,reason",
    [
        ('{"a": {"b": 1, "b": 2}}', "a.b", "twice"),
        ('[{"x": 1}, {"x": 1, "x": 1}]', "[1].x", "twice"),
        ('{"a": NaN}', "", "finite"),
        ('{"a": -Infinity}', "", "finite"),
        ('{"a": 1e999}', "", "finite"),
        ('{"a": ' + "9" * 5000 + "}", "", "40 digits"),
        ('{"a": "\\u0000"}', "a", "U+0000"),
        ('{"a": "\\ud800"}', "a", "U+D800"),
        ('{"a": 1,\n "b": }', "line 2 column 7", "not JSON"),
        ("[" * 2000 + "]" * 2000, "line 1", "32 levels"),
        ("", "line 1 column 1", "not JSON"),
        (b"\xff\xfe", "", "UTF-8"),
        ('"' + "x" * 300_000 + '"', "", "at most 262144 bytes"),
        ('"' + "ä" * 140_000 + '"', "", "at most 262144 bytes"),
    ],
)
def test_loads_refuses_and_names_the_place(text: str | bytes, path: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        loads(text)
    assert caught.value.path == path
    assert reason in caught.value.reason


def test_loads_does_not_count_brackets_inside_strings() -> None:
    assert loads('"' + "[" * 100 + '\\""', max_depth=1) == "[" * 100 + '"'
