"""The offline generator on small projects, its tests run by pytest."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from projects import job, made_for, proposals, written

from qe_action.agents.generation_options import GenerationOptions
from qe_action.generators import AUTO, CHOICES, GENERATORS, generator_for
from qe_action.generators.offline import OfflineGenerator
from qe_action.generators.port import Candidate, Layout, Ports, Suspicion, Trouble, Unjudged
from qe_action.generators.whole_file import goals_of

ROOT = Path(__file__).parent

SHOP = '''
"""A shop."""
import asyncio
import contextlib
from dataclasses import dataclass, field
from enum import Enum


class Size(Enum):
    SMALL = 1
    LARGE = 2


class CartError(Exception):
    pass


@dataclass
class Item:
    name: str
    price: float
    size: Size = Size.SMALL


class Cart:
    def __init__(self) -> None:
        self.items: list[Item] = []
        self.total = 0.0

    def add(self, item: Item, count: int = 1) -> None:
        if count < 1:
            raise CartError(f"can't add {count}")
        self.items.append(item)
        self.total += item.price * count

    @property
    def empty(self) -> bool:
        return not self.items

    def checkout(self, code: str = "") -> float:
        if self.empty:
            raise CartError("the cart is empty")
        if code == "HALF":
            return self.total / 2
        return self.total

    @staticmethod
    def tax(price: int) -> int:
        return price // 5 if price > 100 else 0

    @classmethod
    def of(cls, *items: Item) -> "Cart":
        made = cls()
        for item in items:
            made.add(item)
        return made


async def fetch(n: int) -> int:
    await asyncio.sleep(0)
    if n > 41:
        return n * 2
    return n


def countdown(n: int):
    while n > 0:
        yield n
        n -= 1


@contextlib.contextmanager
def opened(name: str):
    yield name.upper()


def greet(name: str) -> None:
    print("Hello", name)


def save(path, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)


def size_of(value: int | str | None) -> Size:
    if value is None:
        raise ValueError("a value is needed")
    if isinstance(value, str) and value.startswith("big"):
        return Size.LARGE
    return Size.SMALL
'''


def run_pytest(folder: Path, candidates: list[Candidate]) -> str:
    lines = sorted({line for candidate in candidates for line in candidate.imports})
    code = "\n\n".join(candidate.code for candidate in candidates)
    (folder / "test_made.py").write_text("\n".join(lines) + "\n\n\n" + code, encoding="utf-8")
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_made.py"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(folder)},
    )
    return ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Candidate]]:
    folder = tmp_path_factory.mktemp("shop")
    return folder, made_for(folder, SHOP, budget=12000)


def test_every_test_passes(shop: tuple[Path, list[Candidate]]) -> None:
    folder, candidates = shop
    said = run_pytest(folder, candidates)
    assert " passed" in said, said
    assert "failed" not in said, said
    assert "error" not in said.lower(), said


def test_every_line_and_branch_is_reached(shop: tuple[Path, list[Candidate]]) -> None:
    goals = goals_of(SHOP)
    aimed = frozenset().union(*(candidate.aim_lines for candidate in shop[1]))
    arcs = frozenset().union(*(candidate.aim_arcs for candidate in shop[1]))
    inside = {line for line in goals.lines if SHOP.splitlines()[line - 1].startswith("        ")}
    assert {line for line in inside if "def " not in SHOP.splitlines()[line - 1]} - aimed <= {
        line for line, text in enumerate(SHOP.splitlines(), 1) if "@" in text
    }
    assert goals.arcs <= arcs


@pytest.mark.parametrize(
    "line",
    [
        'with pytest.raises(CartError, match="the cart is empty"):',
        "asyncio.run(fetch(",
        "assert capsys.readouterr().out == ",
        "with opened(",
        "list(countdown(",
        "read_text() ==",
        "Size.LARGE",
        'match="a value is needed"',
        '"HALF")',
    ],
)
def test_behaviours_are_asserted(shop: tuple[Path, list[Candidate]], line: str) -> None:
    assert line in "\n".join(candidate.code for candidate in shop[1])


def test_every_test_asserts_and_says_what_it_pins(shop: tuple[Path, list[Candidate]]) -> None:
    for candidate in shop[1]:
        assert "assert " in candidate.code or "pytest.raises" in candidate.code
        assert candidate.code.startswith(f"# Pins what {candidate.qualname} does today.\n")
        assert candidate.name in candidate.code
        compile(candidate.code, candidate.name, "exec")
    names = [candidate.name for candidate in shop[1]]
    assert len(set(names)) == len(names)


@pytest.mark.slow  # two processes of ours with another order of sets show it, too
def test_the_same_seed_and_budget_give_the_same_tests(tmp_path: Path) -> None:
    one = made_for(tmp_path, SHOP, budget=4000, seed=3)
    two = made_for(tmp_path, SHOP, budget=4000, seed=3)
    assert one == two
    assert one


def test_only_what_the_gaps_need_is_proposed(tmp_path: Path) -> None:
    written(tmp_path, {"target.py": SHOP})
    made = job(tmp_path / "target.py", [tmp_path], "target", budget=4000)
    line = next(n for n, text in enumerate(SHOP.splitlines(), 1) if "self.total / 2" in text)
    goals = replace(made.goals, lines=frozenset([line]), arcs=frozenset())
    (only,) = proposals(replace(made, goals=goals))
    assert isinstance(only, Candidate)
    assert only.qualname == "Cart.checkout"
    assert only.aim_lines == {line}


def test_hints_are_kept_to(tmp_path: Path) -> None:
    source = "def twice(text: str) -> str:\n    return text * 2 if text else 'nothing'\n"
    found = made_for(tmp_path, source, budget=1500)
    code = "\n".join(candidate.code for candidate in found)
    assert "twice" in code
    assert "None" not in code
    assert "twice(1" not in code


def test_a_contradicted_example_is_a_suspected_bug(tmp_path: Path) -> None:
    source = (
        'def double(n: int) -> int:\n    """Doubles.\n\n    >>> double(2)\n    4\n    """\n'
        "    return n * 3\n"
    )
    written(tmp_path, {"target.py": source})
    found = proposals(job(tmp_path / "target.py", [tmp_path], "target", budget=600))
    assert found == [
        Suspicion(str(tmp_path / "target.py"), "double", "double(2)", "4", "6"),
    ]


def test_calls_of_the_existing_tests_come_first(tmp_path: Path) -> None:
    source = (
        "def parse(text):\n    kind, _, rest = text.partition('=>')\n"
        "    if kind == 'alpha' and rest.endswith('!omega'):\n        return rest[:3]\n"
        "    return None\n"
    )
    tests = "from target import parse\n\n\ndef test_parse():\n    parse('alpha=>xyzzy!omega')\n"
    written(tmp_path, {"target.py": source, "test_target.py": tests})
    made = job(
        tmp_path / "target.py", [tmp_path], "target", tests=(str(tmp_path / "test_target.py"),)
    )
    code = "\n".join(c.code for c in proposals(made) if isinstance(c, Candidate))
    assert '"alpha=>xyzzy!omega"' in code
    assert '"xyz"' in code


@pytest.mark.parametrize(
    ("files", "target", "paths", "module"),
    [
        ({"src/pack/__init__.py": "", "src/pack/mod.py": ""}, "src/pack/mod.py", "src", "pack.mod"),
        ({"space/inner/mod.py": ""}, "space/inner/mod.py", ".", "space.inner.mod"),
    ],
    ids=["src layout", "namespace package"],
)
def test_layouts(
    tmp_path: Path, files: dict[str, str], target: str, paths: str, module: str
) -> None:
    written(tmp_path, {**files, target: "def one(x: int) -> int:\n    return x + 1\n"})
    found = proposals(job(tmp_path / target, [tmp_path / paths], module, budget=600))
    (only,) = found
    assert isinstance(only, Candidate)
    assert only.imports[-1] == f"from {module} import one"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def broken(:\n", "The file can't be parsed."),
        ("import sys\nsys.exit(3)\n", "The search in {} ended early."),
        ("import os\nos._exit(3)\n", "The search in {} ended early."),
        ("import not_there_at_all\n", "The search in {} ended early."),
        ("x = 1\n", "Nothing public in {} can be called."),
    ],
)
def test_what_can_t_be_worked_with_is_said(tmp_path: Path, source: str, said: str) -> None:
    written(tmp_path, {"target.py": source})
    (found,) = proposals(job(tmp_path / "target.py", [tmp_path], "target"))
    assert isinstance(found, Trouble)
    assert found.message == said.format(found.target)


def test_code_that_hangs_or_dies_stops_neither_the_others(tmp_path: Path) -> None:
    source = (
        "import itertools, os\n"
        "def forever(x: int) -> int:\n    return sum(itertools.repeat(x))\n"
        "def leave(x: int) -> int:\n    os._exit(1)\n"
        "def fine(x: int) -> str:\n    if x > 10:\n        return 'big'\n    return 'small'\n"
    )
    code = "\n".join(c.code for c in made_for(tmp_path, source, budget=300))
    assert '"big"' in code
    assert "forever" not in code
    assert "leave" not in code


def test_a_loop_on_one_line_is_called_through(tmp_path: Path) -> None:
    source = "def left(n: int) -> int:\n    while n > 5: n -= 1\n    return n\n"
    code = "\n".join(c.code for c in made_for(tmp_path, source, budget=600))
    assert "left(" in code


def test_a_c_extension_beside_the_code_is_called_through(tmp_path: Path) -> None:
    source = "import math\ndef root(n: int) -> int:\n    return math.isqrt(n) if n > 0 else -1\n"
    code = "\n".join(c.code for c in made_for(tmp_path, source, budget=800))
    assert "root(" in code


class Liar:
    """An interpreter whose worker answers what it likes."""

    def __init__(self, *answers: Any) -> None:
        self._answers = answers

    @asynccontextmanager
    async def worker(self, readable: Any = ()) -> Any:
        yield self

    async def ask(self, request: Any, timeout: float = 60) -> Any:
        for answer in self._answers:
            yield answer
        yield {"op": request["op"], "done": True}


@pytest.mark.parametrize(
    "answer",
    [
        {"event": "subject", "kind": "function", "name": ["x"]},
        {"event": "subject", "kind": "function", "name": "x" * 5000},
        {"event": "class", "kind": "class"},
        {"event": "constants", "literals": "no"},
    ],
)
def test_a_lying_worker_is_trouble_not_a_crash(tmp_path: Path, answer: dict[str, Any]) -> None:
    written(tmp_path, {"target.py": "def f(x):\n    return x\n"})
    made = replace(job(tmp_path / "target.py", [tmp_path], "target"), interpreter=Liar(answer))
    found = proposals(made)
    assert [type(item) for item in found] == [Trouble]


def test_wrong_results_are_left_out(tmp_path: Path) -> None:
    written(tmp_path, {"target.py": "def f(x: int) -> int:\n    return x\n"})
    function = {
        "event": "subject", "kind": "function", "name": "f", "line": 1,
        "parameters": [{"name": "x", "kind": "POSITIONAL_OR_KEYWORD", "hinted": True,
                        "type": {"t": "int"}}],
    }  # fmt: skip
    lies = [
        {"event": "ran", "n": 10**9, "outcome": "value", "good": True, "arcs": [[-1, 2]]},
        {"event": "ran", "n": 0, "outcome": "value", "arcs": "many"},
        {"event": "ran", "n": 0, "outcome": "value", "good": True, "arcs": [[-1, 2]],
         "value": {"text": "__import__('os')", "names": {"a b": "c"}}},
    ]  # fmt: skip
    made = replace(
        job(tmp_path / "target.py", [tmp_path], "target", budget=500),
        interpreter=Liar(function, *lies),
    )
    assert proposals(made) == []


def test_the_stream_can_be_closed_early(tmp_path: Path) -> None:
    written(tmp_path, {"target.py": SHOP})
    made = job(tmp_path / "target.py", [tmp_path], "target", budget=10**6)

    async def first() -> object:
        stream = OfflineGenerator().candidates(made, Unjudged())
        async for proposal in stream:
            await stream.aclose()
            return proposal
        return None

    assert isinstance(asyncio.run(first()), Candidate)
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False)
    assert str(tmp_path) not in shown.stdout


def test_the_table_names_its_generators() -> None:
    ports = Ports(time.monotonic, None, GenerationOptions(file="m.py"))
    assert [make(ports).name for make in GENERATORS.values()] == list(GENERATORS)
    assert generator_for(AUTO, ports).name in GENERATORS
    given = replace(ports, settings=GenerationOptions(file="m.py", tests="def test_it(): ..."))
    assert {generator_for(choice, given).name for choice in CHOICES} == {"given"}
    assert OfflineGenerator.name == "offline"
    assert Layout("m", ()).test_files == ()


def test_our_own_hash_seed_changes_no_candidate(tmp_path: Path) -> None:
    """The same seed and budget in two processes of ours that order sets differently."""
    written(tmp_path, {"target.py": SHOP})
    code = (
        "import sys; from pathlib import Path; from projects import job, proposals\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "made = job(folder / 'target.py', [folder], 'target', budget=1500, seed=5)\n"
        "print('\\n'.join(repr(one) for one in proposals(made)))\n"
    )
    said = []
    for seed in ("1", "2"):
        env = {"PATH": "/usr/bin:/bin", "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        ran = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
        )
        said.append(_ordered(ran.stdout))
    assert said[0]
    assert said[0] == said[1]


def _ordered(shown: str) -> list[object]:
    """Candidates without the order of the frozensets in their reprs."""
    return [
        (sorted(re.findall(r"\w+", line)), re.findall(r"code='.*?', imports", line))
        for line in shown.splitlines()
    ]


def test_time_only_cuts(tmp_path: Path) -> None:
    """What a shorter run gives is the beginning of what a longer one does."""
    short = made_for(tmp_path, SHOP, budget=1000, seed=2)
    long = made_for(tmp_path, SHOP, budget=3000, seed=2)
    assert long[: len(short)] == short


def test_calls_of_the_suite_against_the_hints_keep_no_line_from_others(tmp_path: Path) -> None:
    source = "def half(number: int) -> str:\n    return f'{number} / 2'\n"
    suite = "from target import half\n\ndef test_half():\n    assert half('4') == '4 / 2'\n"
    written(tmp_path, {"target.py": source, "test_target.py": suite})
    asked = job(tmp_path / "target.py", [tmp_path], "target", budget=2000)
    layout = replace(asked.layout, test_files=("test_target.py",))
    found = [p for p in proposals(replace(asked, layout=layout)) if isinstance(p, Candidate)]
    assert found
    assert "half('" not in found[0].code
    assert 'half("' not in found[0].code
