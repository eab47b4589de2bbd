"""Each gate of single tests on real projects: what it refuses, and what it lets through."""

from __future__ import annotations

from pathlib import Path

from generation import SHAPES, generate, judge, project


def test_each_gate_of_single_tests_says_why_it_refuses(tmp_path: Path) -> None:
    project(
        tmp_path,
        {
            "shapes.py": SHAPES,
            "leaving.py": "import os\n\ndef leave(code):\n    os._exit(code)\n",
            "test_shapes.py": """
                from shapes import area

                def test_there_already():
                    size = area(1, 1)
                    assert size == 1
            """,
        },
    )
    outcome = judge(
        tmp_path,
        """
        import time
        import pytest
        from leaving import leave
        from shapes import area, NoArea

        def test_no_assertion():
            area(2, 2)

        def test_true():
            assert area(2, 2) or True

        def test_sleeps():
            time.sleep(0)
            assert area(2, 2) == 4

        def test_skips():
            if area(2, 2) == 5:
                pytest.skip()
            assert area(2, 2) == 4

        def test_imports():
            import requests
            assert area(2, 2) == 4

        def test_network():
            import urllib.request
            assert area(2, 2) == 4

        def test_renamed():
            result = area(1, 1)
            assert result == 1

        def test_fails():
            assert area(2, 2) == 5

        def test_elsewhere():
            assert abs(-1) == 1

        def test_exits():
            assert leave(2) == 4

        def test_hidden_exit():
            import os
            getattr(os, "_ex" + "it")(0)
            assert area(2, 2) == 4

        def test_hangs():
            while area(2, 2):
                pass
            assert area(2, 2) == 4

        def test_good():
            assert area(2, 2) == 4
        """,
        slots=1,
        test_timeout=4,
    )
    assert outcome.refused == {
        "test_no_assertion": "no assertion",
        "test_true": "no assertion",
        "test_sleeps": "outside",
        "test_skips": "skips",
        "test_imports": "imports",
        "test_network": "imports",
        "test_renamed": "duplicate",
        "test_fails": "fails",
        "test_elsewhere": "adds nothing",
        "test_exits": "crashes",
        "test_hidden_exit": "outside",
        "test_hangs": "times out",
    }
    assert outcome.accepted == ["test_good"]
    assert outcome.why("test_fails").startswith("failed: assert 4 == 5")
    assert outcome.result.rejected["no assertion"] == 2


def test_a_test_that_notices_no_wrong_version_is_refused(tmp_path: Path) -> None:
    project(tmp_path, {"half.py": "def half(x):\n    return x / 2\n"})
    test = (
        "from half import half\n\ndef test_half():\n    result = half(4)\n    assert half, result\n"
    )
    outcome = judge(tmp_path, test, "half.py")
    assert outcome.refused == {"test_half": "kills nothing"}
    assert outcome.why("test_half") == "3 mutants of its lines go unnoticed"


def test_source_that_can_t_be_parsed_is_refused(tmp_path: Path) -> None:
    project(tmp_path, {"shapes.py": SHAPES})
    outcome = generate({"repo": tmp_path, "file": "shapes.py", "tests": "def test_x(:\n  pass\n"})
    assert list(outcome.refused.values()) == ["syntax"]


def test_a_fixture_that_is_missing_is_named(tmp_path: Path) -> None:
    own = "import shapes\n\nclass TestArea:\n    def test_is(self):\n        assert shapes.area\n"
    project(tmp_path, {"shapes.py": SHAPES, "test_shapes.py": own})
    test = "from shapes import area\n\ndef test_area(self):\n    assert area(3, 3) == 9\n"
    outcome = judge(tmp_path, test, tests_known=True)
    assert outcome.refused == {"test_area": "fails"}
    assert outcome.why("test_area") == "error: fixture 'self' not found"
