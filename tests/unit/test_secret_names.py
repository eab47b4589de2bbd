"""Which variables are taken for secrets."""

from __future__ import annotations

import pytest

from qe_action.secret_names import secret_values

VALUE = "s3cret-value"


@pytest.mark.parametrize(
    "name",
    ["API_TOKEN", "MY_SECRET", "DB_PASSWORD", "STRIPE_API_KEY", "SENTRY_DSN", "token", "NPM_PASS"],
)
def test_a_name_tells_a_secret(name: str) -> None:
    assert secret_values({name: f" {VALUE}\n"}) == (VALUE,)


@pytest.mark.parametrize("name", ["PATH", "PWD", "KEYBOARD", "MONKEY", "PASSED", "COMPASS", "CI"])
def test_other_variables_hold_none(name: str) -> None:
    assert secret_values({name: VALUE}) == ()


def test_short_values_are_words_and_the_longest_come_first() -> None:
    environment = {"A_TOKEN": "true", "B_TOKEN": VALUE, "C_TOKEN": f"{VALUE}-longer"}
    assert secret_values(environment) == (f"{VALUE}-longer", VALUE)
