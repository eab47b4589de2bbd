"""What must agree: action.yml, settings, README, command line, pins and links."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
import readme_workflows
import rooms
import sync_docs
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from readme_workflows import Recipe

from qe_action import entry
from qe_action.command_options import parser
from qe_action.commands import publish
from qe_action.errors import DOCS, QEError, UsageError
from qe_action.inputs import INPUTS, PUBLISHING
from qe_action.settings import Inputs, load
from qe_action.step_outputs import OUTPUTS

ROOT = Path(__file__).parent.parent.parent
COMMON = {"command", "repo", "words", "color"}
OLD = {item.old for item in INPUTS} - {""}
PACKAGE = ROOT / "qe_action"
FORKS = ".github/docs/forks.md"


def test_action_yml_and_the_pages_say_what_the_table_says() -> None:
    action = (ROOT / "action.yml").read_text(encoding="utf-8")
    page = (ROOT / sync_docs.INPUTS_PAGE).read_text(encoding="utf-8")
    assert sync_docs.synced_action(action) == action, "run make golden"
    assert sync_docs.synced_inputs(page) == page, "run make golden"
    losses = (ROOT / ".github/docs/losses.md").read_text(encoding="utf-8")
    assert sync_docs.synced_losses(losses) == losses, "run make golden"
    guide = (ROOT / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    assert sync_docs.synced_contributing(guide) == guide, "run make golden"
    assert (ROOT / sync_docs.ROOMS).read_text(encoding="utf-8") == rooms.picture()
    declared = yaml.safe_load(action)
    assert list(declared["inputs"]) == [n for item in INPUTS for n in (item.name, item.old) if n]
    assert list(declared["outputs"]) == [name for name, _ in OUTPUTS]
    assert declared["inputs"]["max-annotations"]["default"] == "50"
    assert sync_docs.table_of_inputs() in page


def test_publish_has_an_option_for_every_input_that_it_reads() -> None:
    options = set(vars(parser().parse_args(["publish"]))) - COMMON - {"published"}
    assert {name.replace("_", "-") for name in options} - OLD == PUBLISHING
    assert {item.name for item in INPUTS} >= PUBLISHING


def test_settings_take_the_inputs_of_the_table_and_their_defaults() -> None:
    assert [name.replace("_", "-") for name in Inputs.model_fields] == [i.name for i in INPUTS]
    inputs = load({}).inputs
    assert inputs.coverage_file == ("coverage.xml",)
    assert inputs.max_annotations == 50
    assert inputs.min_patch_coverage is None
    assert inputs.fail_on_gate
    assert not inputs.fail_on_error


def test_a_file_that_is_written_is_one_only_where_it_is_asked_for() -> None:
    for item in INPUTS:
        if item.written:
            field = item.name.replace("-", "_")
            assert getattr(load({}).inputs, field) is None
            given = load({f"INPUT_{item.name.upper()}": "out/file"}).inputs
            assert getattr(given, field) == "out/file"


def test_every_choice_of_the_table_is_taken_and_nothing_else() -> None:
    for item in INPUTS:
        for choice in item.choices:
            load({f"INPUT_{item.name.upper()}": choice})
        if item.choices:
            with pytest.raises(UsageError, match=item.name):
                load({f"INPUT_{item.name.upper()}": "nonsense"})


def test_run_has_an_option_for_every_input_but_the_secrets() -> None:
    options = set(vars(parser().parse_args(["run"]))) - COMMON - {"reports"}
    names = {name.replace("_", "-") for name in options} - OLD
    secrets = {f"INPUT_{item.name.upper()}": item.secret for item in INPUTS if item.secret}
    assert names == {item.name for item in INPUTS if not item.secret}
    assert secrets == entry.SECRETS


def page_workflow(page: str, name: str) -> Any:
    (text,) = readme_workflows.workflows(ROOT / page)[name]
    return yaml.safe_load(text)


def our_step(workflow: Any) -> Any:
    (job,) = workflow["jobs"].values()
    (step,) = [step for step in job["steps"] if "qe-action@" in step.get("uses", "")]
    return step


def test_the_readme_s_workflow_runs_the_tests_and_the_forks_one_comes_after_them() -> None:
    """The first one runs the tests; the forks' one comes after tests that may have failed."""
    assert "test-command" in our_step(page_workflow("README.md", "tests"))["with"]
    assert our_step(page_workflow(FORKS, "tests"))["if"] == "${{ !cancelled() }}"


@pytest.mark.parametrize(
    "recipe", [pytest.param(recipe, id=recipe.id) for recipe in readme_workflows.recipes()]
)
def test_every_step_of_every_page_gives_inputs_that_are_taken(recipe: Recipe) -> None:
    """Each `with:` names real inputs, and what it gives them is a value they take."""
    assert set(recipe.inputs) <= {item.name for item in INPUTS}
    given = {
        f"INPUT_{name.upper()}": re.sub(
            r"\$\{\{.*?\}\}", "7" if name == "pull-request" else "x", value
        )
        for name, value in recipe.inputs.items()
        if name != "tests-outcome"
    }
    load(given)


def test_the_fork_s_two_workflows_fit_each_other_and_ask_for_the_least() -> None:
    first, second = page_workflow(FORKS, "tests"), page_workflow(FORKS, "publish coverage")
    (upload,) = [
        s for s in first["jobs"]["test"]["steps"] if "upload-artifact" in s.get("uses", "")
    ]
    assert upload["with"]["path"] == our_step(first)["with"]["journal"]
    assert upload["with"]["path"].endswith(publish.SUFFIX)
    default = {item.name: item.default for item in INPUTS}["journal-artifact"]
    assert upload["with"]["name"] == default
    assert f"steps.{our_step(first)['id']}.outputs.check-run-url" in upload["if"]
    assert second[True]["workflow_run"]["workflows"] == [first["name"]]  # `on` is a boolean in YAML
    assert set(our_step(second)["with"]) - {"mode"} <= PUBLISHING
    assert first["permissions"] == second["permissions"] == {}
    assert first["jobs"]["test"]["permissions"] == {
        "contents": "read",
        "checks": "write",
        "pull-requests": "write",
    }
    assert second["jobs"]["publish"]["permissions"] == {
        "actions": "read",
        "checks": "write",
        "pull-requests": "write",
    }
    assert [step["uses"] for step in second["jobs"]["publish"]["steps"]] == [
        "qe-action/qe-action@v1"
    ]


def test_the_first_workflows_pin_what_our_own_workflows_pin() -> None:
    pinned = re.compile(r"uses: ([\w/-]+@[0-9a-f]{40} # v[0-9.]+)")
    ours: set[str] = set()
    for path in (ROOT / ".github/workflows").glob("*.yml"):
        ours.update(pinned.findall(path.read_text(encoding="utf-8")))
    shown = [
        pin
        for page in (ROOT / "README.md", ROOT / FORKS)
        for pin in pinned.findall(page.read_text(encoding="utf-8"))
    ]
    assert len(shown) > 3
    assert set(shown) <= ours


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        *([name, "--help"] for name in ("analyze", "generate", "run", "publish", "doctor")),
    ],
)
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    program = (
        "import sys; from qe_action.cli import main\n"
        f"try: main({arguments!r})\n"
        "except SystemExit: pass\n"
        "heavy = {'pydantic', 'github', 'rich', 'lionagi', 'requests', 'unidiff'}\n"
        "print('HEAVY', sorted(heavy & set(sys.modules)))"
    )
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert "HEAVY []" in out
    assert "usage:" in out


def test_every_error_points_at_a_heading_of_the_page_that_its_link_names() -> None:
    page = DOCS.partition("/blob/main/")[2]
    anchors = {
        node.value
        for path in sorted(PACKAGE.rglob("*.py"))
        for node in _anchors(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(anchors) > 10
    assert anchors - headings(ROOT / page) == set()
    assert QEError("x").line().endswith(f"{page}#troubleshooting")


def _anchors(tree: ast.AST) -> Iterator[Any]:
    """What is given as `anchor=`, and what names of anchors stand for."""
    for node in ast.walk(tree):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            given = [keyword.value for keyword in node.keywords if keyword.arg == "anchor"]
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in ("ANCHOR", "_ANCHOR"):
            given = [node.value]
        yield from (value for value in given if isinstance(value, ast.Constant) and value.value)


PAGES = [ROOT / "README.md", *sorted((ROOT / ".github").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_link_of_every_page_leads_somewhere(page: Path) -> None:
    text = re.sub(
        r"^```.*?^```$|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S
    )
    found = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    links = [link for pair in found for link in pair if link and not link.startswith("http")]
    wrong = [link for link in links if not leads_somewhere(page, link)]
    assert wrong == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        links = re.findall(r"\]\(([\w./-]+\.md)[)#]", page.read_text(encoding="utf-8"))
        new = {(page.parent / link).resolve() for link in links} - reached
        reached |= new
        waiting += [path for path in new if path.is_file()]
    assert {page for page in PAGES if page.parent.name == "docs"} - reached == set()


def test_the_readme_is_short_and_has_each_input_once() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.count("\n") <= 250
    table = text.partition("## Inputs")[2].partition("\n## ")[0]
    named = [
        name
        for row in re.findall(r"^\| [^|]+ \| (`[^|]+) \|", table, re.M)
        for name in re.findall(r"`([a-z-]+)`", row)
    ]
    assert sorted(named) == sorted(item.name for item in INPUTS)


def test_every_picture_of_the_pages_is_small_and_shown() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    pictures = sorted((ROOT / ".github/images").iterdir())
    assert [path.name for path in pictures if path.name not in shown] == []
    assert [path.name for path in pictures if path.stat().st_size >= 150_000] == []


def headings(page: Path) -> set[str]:
    """The anchors of a page's headings, by the names that GitHub gives them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in found}


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether there is such a file, and in a page such a heading."""
    name, _, anchor = link.partition("#")
    target = page.parent / name if name else page
    return target.exists() and (not anchor or anchor in headings(target))


def test_a_link_to_a_heading_that_is_not_there_is_seen() -> None:
    page = ROOT / "README.md"
    assert leads_somewhere(page, ".github/docs/tests-pull-request.md#closing")
    assert not leads_somewhere(page, ".github/docs/tests-pull-request.md#opening")
    assert not leads_somewhere(page, ".github/docs/nothing.md#closing")
    assert not leads_somewhere(page, "#nothing")


def test_extras_are_pinned_as_they_are_asked_for() -> None:
    """With hashes, some versions of pip refuse `name==1` where a package needs `name[extra]`."""
    text = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    pinned = {Requirement(line.rstrip(" \\")) for line in re.findall(r"^[a-z].*", text, re.M)}
    extras = {canonicalize_name(pin.name): pin.extras for pin in pinned}
    for name in extras:
        try:
            asked = [Requirement(line) for line in metadata.requires(name) or ()]
        except metadata.PackageNotFoundError:  # of another platform
            continue
        for need in asked:
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert need.extras <= extras[canonicalize_name(need.name)], f"{name} needs {need}"


def test_no_pattern_of_an_input_takes_megabytes() -> None:
    """A counted repetition of a class of Unicode's is compiled as many times as it says."""

    def patterns(schema: Any) -> Any:
        if isinstance(schema, dict):
            yield from ([schema["pattern"]] if isinstance(schema.get("pattern"), str) else ())
        for each in schema.values() if isinstance(schema, dict) else schema:
            if isinstance(each, dict | list):
                yield from patterns(each)

    found = [*patterns(Inputs.model_json_schema())]
    assert found
    for pattern in found:
        assert not [n for n in re.findall(r"\{(?:\d+,)?(\d+)\}", pattern) if int(n) > 10], pattern
