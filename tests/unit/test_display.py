"""What a notebook shows of an event."""

from __future__ import annotations

from qe_action.events import Gap, GapFound, without_figures


def test_a_result_is_a_table_of_what_is_known() -> None:
    html = (
        without_figures("failed", ("A note.",))
        .model_copy(update={"overall_coverage": 66.678, "total_gaps": 1234})
        ._repr_html_()
    )
    assert html.startswith("<table><caption>AnalysisComplete</caption>")
    assert "<tr><th>overall coverage</th><td>66.67</td></tr>" in html
    assert "<tr><th>total gaps</th><td>1,234</td></tr>" in html
    assert "<tr><th>notes</th><td><ul><li>A note.</li></ul></td></tr>" in html
    assert "patch coverage" not in html


def test_hostile_text_is_escaped_and_long_lists_are_cut() -> None:
    gap = Gap(
        id="1",
        file_path="<script>alert(1)</script>\x1b[2J.py",
        line_start=1,
        line_end=2,
        gap_type="uncovered",
        severity="low",
    )
    html = without_figures("finished", gaps=(gap,) * 15)._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert html.count("&lt;script&gt;") == 10
    assert "and 5 more" in html
    assert "&lt;script&gt;" in GapFound(gap=gap)._repr_html_()
