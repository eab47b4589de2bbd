"""Which versions of Python tests are tried on beside that they are made on."""

from __future__ import annotations

import pytest

from qe_action.agents.pythons import ends


@pytest.mark.parametrize(
    ("versions", "supported", "chosen", "left_out"),
    [
        (["3.12.1"], "", [], []),
        (["3.12.1", "3.9.18"], "", [1], []),
        (["3.12.1", "3.9.18", "3.14.0", "3.10.1"], "", [1, 2], []),
        (["3.9.18", "3.12.1", "3.10.1"], ">=3.9", [1], []),
        (["3.12.1", "3.9.18", "3.10.1"], ">=3.10", [2], ["3.9.18"]),
        (["3.12.1", "3.14.0"], ">=3.9,<3.14", [], ["3.14.0"]),
        (["3.8.1", "3.9.18"], ">=3.9", [1], []),
        (["3.12.1", "3.9.18"], "no specifier", [1], []),
    ],
)
def test_the_lowest_and_the_highest_that_are_supported(
    versions: list[str], supported: str, chosen: list[int], left_out: list[str]
) -> None:
    assert ends(versions, supported) == (chosen, left_out)
