"""A model that fails in the action: one line, the search's tests, and a step that succeeds."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_github import FakeGitHub
from fake_llm import FakeLLM, Fault, Reply
from slowness import slowness
from test_gap_tests import Shop
from test_llm_faults import ANSWER, CUT, NOTHING

# In the order of the tables; one that is silent has ended with the time of the run.
FAULTS = [fault for fault in CUT | NOTHING if fault != "stall"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_of_the_model_is_a_line_beside_the_search_s_tests(
    tmp_path: Path, strict: FakeGitHub, fault: Fault
) -> None:
    shop = Shop(tmp_path, strict)
    with FakeLLM([Reply(ANSWER, fault=fault, at=0, retry_after="3600", times=-1)]) as llm:
        result = shop.generate(
            model="tiny-1",
            model_base_url=llm.url,
            model_key=llm.key,
            time_budget=str(round(20 * slowness())),
        )
    assert result.status == 0, result.log
    assert llm.asked, "the search has left something"
    assert int(result.outputs["tests-generated"]) > 0
    line = (CUT | NOTHING)[fault]
    assert shop.comment.body.count(line) == 1
    assert result.summary.count(line) == 1
    assert llm.key not in result.log.replace(f"::add-mask::{llm.key}", "") + shop.comment.body
