"""The steps that README and pages show, run in the image with their inputs as they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import readme_workflows
from fake_github import FakeGitHub
from fake_github import strict as api_description
from job import finished_run
from readme_workflows import Recipe
from runner import Result, Step
from sandbox_here import MISSING, open_folder
from test_container import ROOT, Job, checked_out, image
from test_model_container import may_push
from test_publish import packed
from wheels import project

from qe_action.github.identity import name_for_tests

FORK = "mallory/demo"
FIRST_RUN = 42
RECIPES = [recipe for recipe in readme_workflows.recipes() if recipe.in_container]
SHOWN = {
    "steps.tests.outcome": "success",
    "matrix.python-version": "3.13",
    "secrets.QE_MODEL_KEY": "",  # as a fork's pull request gets it
}
"""What the expressions of the pages stand for here."""

in_a_container = [pytest.mark.container, pytest.mark.xdist_group("container")]

__all__ = ["image"]


@pytest.fixture
def place() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder


@pytest.fixture
def job(place: Path) -> Job:
    """A project with a pyproject.toml at its top, which builds itself."""
    folder = project(place / "demo", tests=("pytest", "pytest-cov"))
    (folder / "test_thing.py").write_text(
        "import thing\n\n\ndef test_y():\n    assert thing.Y == 2\n"
    )
    (folder / ".gitignore").write_text("*.xml\n*.jsonl\n.qe-action-cache\n")
    (folder / ".ci").mkdir()
    (folder / ".ci" / "company-ca.pem").write_text("")
    return checked_out(folder)


@pytest.fixture
def github(job: Job) -> Iterator[FakeGitHub]:
    with FakeGitHub("octo/demo", git=job.path) as fake:
        fake.add_pull(
            7, job.head, job.base, merge_sha=job.merge, head_repo=FORK, head_ref="feature"
        )
        yield fake
        if not api_description.missing():
            assert api_description.problems(fake.requests) == []


class Runs:
    """The steps of one job."""

    def __init__(self, image: str, job: Job, github: FakeGitHub, temp: Path) -> None:
        self.image, self.job, self.github, self.temp = image, job, github, temp

    def run(self, recipe: Recipe, **more: str) -> Result:
        return self._step(recipe.inputs | more, recipe.env).run(timeout=900)

    def published(self, recipe: Recipe) -> Result:
        """The second workflow's step, after a first run that could only read."""
        name = recipe.inputs.get("name", "qe-action coverage")
        first = self._step({"name": name, "journal-file": "journal.jsonl"}, {})
        first.token = self.github.read_only_token
        assert first.run().status == 0
        data = (self.job.path / "journal.jsonl").read_bytes()
        artifact = recipe.inputs.get("journal-artifact", "qe-action-journal")
        self.github.store.add(FIRST_RUN, packed(data), artifact)
        second = self._step(recipe.inputs, {"GITHUB_RUN_ID": "43", **recipe.env})
        second.event_name, second.ref, second.sha = "workflow_run", "refs/heads/main", self.job.base
        second.event = {
            "action": "completed",
            "workflow_run": finished_run(FIRST_RUN, self.job.head, FORK),
            "repository": {"id": 31, "full_name": "octo/demo", "default_branch": "main"},
        }
        return second.run()

    def _step(self, inputs: Mapping[str, str], env: Mapping[str, str]) -> Step:
        return Step(
            image=self.image,
            action=ROOT,
            workspace=self.job.path,
            event=self.job.event,
            temp=self.temp,
            api_url=self.github.url,
            sha=self.job.merge,
            inputs={name: filled(value) for name, value in inputs.items()},
            env=env,
        )


@pytest.fixture
def runs(image: str, job: Job, github: FakeGitHub, place: Path) -> Runs:
    return Runs(image, job, github, place / "runner_temp")


def filled(value: str) -> str:
    value = value.replace("PACKAGE", "thing").partition("  #")[0]  # as its comment says
    return re.sub(r"\$\{\{ *(.*?) *\}\}", lambda found: SHOWN[found[1]], value)


def takes_long(recipe: Recipe) -> list[pytest.MarkDecorator]:
    sets_up = {"generate-tests", "test-command"} & recipe.inputs.keys()
    return [pytest.mark.slow] if sets_up else []


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(recipe, id=recipe.id, marks=[*in_a_container, *takes_long(recipe)])
        for recipe in RECIPES
    ],
)
def test_a_step_of_a_page_runs_as_it_stands(runs: Runs, github: FakeGitHub, recipe: Recipe) -> None:
    publishes = recipe.inputs.get("mode") == "publish"
    opens = recipe.inputs.get("pull-request-tests") == "open"
    if opens:
        may_push(github)
        github.pulls[7].head_repo = github.repo
    result = runs.published(recipe) if publishes else runs.run(recipe)
    assert result.status == 0, result.log
    assert not [c for c in result.commands if c.name in ("error", "warning")], result.log
    name = filled(recipe.inputs.get("name", "qe-action coverage"))
    own = {name_for_tests(name)} if "test-command" in recipe.inputs else set()
    assert {check.data["name"] for check in github.checks.values()} == {name} | own
    for check in github.checks.values():
        assert check.data["status"] == "completed"
        assert check.data["conclusion"] == "success"
    assert result.outputs["comment-url"]
    assert bool(result.outputs["tests-pull-request"]) is opens
    if "generate-tests" in recipe.inputs:
        _made(result, runs.job, recipe)


def _made(result: Result, job: Job, recipe: Recipe) -> None:
    assert "was set up from pyproject.toml" in result.log, result.log
    assert int(result.outputs["tests-generated"]) > 0, result.log
    if "cache-dir" in recipe.inputs:
        assert list((job.path / recipe.inputs["cache-dir"]).glob("env-*.json"))


@pytest.mark.skipif(MISSING, reason="needs Linux with Landlock")
@pytest.mark.container
@pytest.mark.xdist_group("container")
def test_a_cache_in_the_workspace_serves_the_set_up(runs: Runs) -> None:
    """The same recipe with less time for the search."""
    (recipe,) = [recipe for recipe in RECIPES if "cache-dir" in recipe.inputs]
    more = {"time-budget": "1", "max-tests": "1"}
    result = runs.run(recipe, **more)
    if "Failed to fetch" in result.log:
        pytest.skip("no package index answers")
    assert result.status == 0, result.log
    assert "was set up from pyproject.toml" in result.log, result.log
    assert "did not install" not in result.log
    cached = sorted((runs.job.path / ".qe-action-cache").glob("*.json"))
    # The project names pytest among what its tests need: ours is not laid over it.
    assert [path.name.partition("-")[0] for path in cached] == ["env"]


def test_the_pages_have_recipes_of_every_kind() -> None:
    given = {name for recipe in RECIPES for name in recipe.inputs}
    assert {"mode", "generate-tests", "cache-dir", "comment-group", "journal"} <= given
    assert {"model", "model-key", "pull-request-tests"} <= given
    assert len(RECIPES) >= 8
