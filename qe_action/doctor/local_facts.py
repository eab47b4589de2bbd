"""The facts that are here: environment, event, checkout and the workflow's file. No request."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qe_action.api_address import host_of, is_encrypted, where
from qe_action.diagnosis.asked_tests import AskedModel, AskedPull
from qe_action.diagnosis.facts import (
    Asked,
    History,
    Project,
    Protection,
    Run,
    Workflow,
    measured,
)
from qe_action.diagnosis.workflow import LINE, read_workflow
from qe_action.errors import SandboxUnavailable, UsageError, WorkspaceError
from qe_action.github.context import RunContext, read_context
from qe_action.settings import Inputs, Settings
from qe_action.text import redacted, visible
from qe_action.workspace.change import DEFAULT_BASES
from qe_action.workspace.ci_steps import ci_steps
from qe_action.workspace.git import Git
from qe_action.workspace.project_files import package_names, project_texts

GIT_TIMEOUT = 5.0
"""Seconds for each question to git."""
DEPTH = 20
"""Commits of a shallow history that are counted."""
WORKFLOW_LIMIT = 512 * 1024
"""Bytes of the largest workflow file that is read; GitHub takes no larger one."""
WORKFLOWS = 50
"""Workflow files that are looked at where the environment names none."""
DEPENDABOT = "dependabot[bot]"

_FOLDER = ".github/workflows"
_REF = re.compile(r"([\w.-]+/[\w.-]+)/(\.github/workflows/[\w.-]+\.ya?ml)@.*")
_RUNS_IT = re.compile(r"uses:\s*\S*qe-action(@|\s|$)|qe-action run")
_OF_THE_CHECKOUT = ("pull_request", "push", "merge_group", "workflow_dispatch", "schedule")
"""Events whose workflow is that of the commit which is checked out."""
_GATES = ("min-patch-coverage", "min-project-coverage", "min-branch-coverage", "max-drop")


def asked(inputs: Inputs) -> Asked:
    """What the inputs ask for."""
    gates = [name for name in _GATES if getattr(inputs, name.replace("-", "_")) is not None]
    named = [gate.name for gate in inputs.path_gate]
    return Asked(
        name=inputs.name,
        coverage_file=inputs.coverage_file,
        annotations=inputs.annotations != "none" and inputs.max_annotations > 0,
        comment=inputs.comment != "never",
        review_comments=inputs.review_comments,
        gates=(*gates, *named),
        tests_outcome=bool(inputs.tests_outcome),
        journal_file=inputs.journal is not None,
        pull_request=inputs.pull_request,
        publishes=inputs.mode == "publish",
        generates=inputs.generate_tests and inputs.mode != "publish",
        model=_model(inputs),
        pull=AskedPull(
            inputs.pull_request_tests,
            own_token=bool(inputs.pr_token.get_secret_value()),
            workflow=inputs.tests_workflow or "",
        ),
    )


def _model(inputs: Inputs) -> AskedModel:
    """What is asked of a model, with no part of its key."""
    key, address = inputs.model_key.get_secret_value(), inputs.model_base_url
    secrets = [key, *(value.get_secret_value() for value in inputs.model_headers.values())]
    return AskedModel(
        generator=inputs.generator,
        name=redacted(visible(inputs.model), secrets),
        provider=inputs.model_provider,
        key=bool(key),
        host=host_of(redacted(address, secrets)),
        where=where(address),
        encrypted=is_encrypted(address) or not address,
    )


async def project(settings: Settings, git: Git, below: str) -> Project:
    """How its tests would be run, where no workflow says it."""
    branches = ("main", "master", "trunk", "develop")
    main = ""
    if git.toplevel is not None:
        for name in branches:
            if await git.resolve(f"origin/{name}") or await git.resolve(name):
                main = name
                break
    folder = settings.workspace / settings.inputs.working_directory
    texts = await asyncio.to_thread(lambda: project_texts(folder) if folder.is_dir() else {})
    packages = await asyncio.to_thread(package_names, folder)
    return replace(ci_steps(texts, below, main), packages=packages)


def protection(inputs: Inputs) -> Protection | None:
    """What tests would be run in, where some are to be run or made."""
    wanted = inputs.generate_tests or inputs.test_command
    if not wanted or inputs.mode == "publish":
        return None
    from qe_action.sandbox.sandbox import Sandbox

    off = inputs.sandbox == "off"
    try:
        weaker = Sandbox(off=off).layers().weaker
    except SandboxUnavailable as error:
        return Protection(off, error.message.rstrip("."))
    return Protection(off, weaker=weaker)


def read_run(settings: Settings) -> tuple[Run, RunContext | None]:
    """The run, and its context where it has one that can be read."""
    environment = settings.environment
    if not environment.get("GITHUB_REPOSITORY"):
        return Run(in_workflow=settings.in_workflow), None
    try:
        payload = settings.payload()
        context = read_context(environment, payload)
    except UsageError as error:
        return Run(in_workflow=settings.in_workflow, problem=error.message), None
    pull = context.pull
    commented = context.command.pull if context.command else None
    run = Run(
        in_workflow=settings.in_workflow,
        event=context.event_name,
        pull=pull.number if pull else commented,
        closed=context.pull_state == "closed",
        fork=context.is_fork,
        dependabot=context.actor == DEPENDABOT,
        private=_private(payload),
        target_sha=context.target_sha,
        merge_sha=pull.merge_sha if pull else None,
        default_branch=context.default_branch,
        keeps_baseline=context.keeps_baseline,
        commanded=commented is not None,
    )
    return run, context


def _private(payload: Mapping[str, Any]) -> bool | None:
    repository = payload.get("repository")
    value = repository.get("private") if isinstance(repository, Mapping) else None
    return value if isinstance(value, bool) else None


async def read_history(
    git: Git, run: Run, context: RunContext | None, base: str | None, *, count: bool
) -> History:
    """What git says; with `count` the commits of a shallow history are counted."""
    if git.toplevel is None:
        return History()
    try:
        return await _history(git, run, context, base, count=count)
    except WorkspaceError as error:
        return History(git=True, problem=error.message)


async def _history(
    git: Git, run: Run, context: RunContext | None, base: str | None, *, count: bool
) -> History:
    head = await git.head()
    if head is None:
        return History(git=True)
    shallow = await git.is_shallow()
    past = History(git=True, head=head, parents=await git.parents(head), shallow=shallow)
    depth = None
    if count and shallow:
        depth = await _depth(git, head)
    return History(
        git=True,
        head=head,
        parents=past.parents,
        shallow=shallow,
        depth=depth,
        base_here=await _base_here(git, run, context, past, base),
    )


async def _depth(git: Git, head: str) -> int:
    line = await git.first_parents(head, DEPTH)
    here = [await git.has_commit(sha) for sha in line]
    return 1 + sum(here)


async def _base_here(
    git: Git, run: Run, context: RunContext | None, past: History, base: str | None
) -> bool:
    """Whether what the change is compared with is here, as `workspace.compare` will ask."""
    assert past.head is not None
    kind = measured(run, past).kind
    if kind == "merge":
        return all([await git.has_commit(parent) for parent in past.parents])
    commit = context.commit if context else None
    if kind == "commit" and commit is not None and commit.head_sha == past.head:
        before = commit.base_sha or (past.parents[0] if past.parents else None)
        if commit.base_sha or commit.base_ref is None:
            return before is not None and await git.has_commit(before)
        return await _forks(git, past.head, (f"origin/{commit.base_ref}", commit.base_ref))
    pull = context.pull if context else None
    if pull is not None:
        if past.shallow:  # the newest merge base may be beyond the cut
            return False
        names = (f"origin/{pull.base_ref}", str(pull.base_ref), pull.base_sha)
        return await _forks(git, past.head, names)
    return await _forks(git, past.head, (base, f"origin/{base}") if base else DEFAULT_BASES)


async def _forks(git: Git, head: str, names: Iterable[str]) -> bool:
    """Whether the first of these names that is here has a common ancestor with `head`."""
    for name in names:
        if tip := await git.resolve(name):
            return await git.merge_base(tip, head) is not None
    return False


def find_workflow(settings: Settings, run: Run, top: Path) -> Workflow | None:
    """The running workflow's file, or outside of a workflow one that runs the action."""
    job = settings.environment.get("GITHUB_JOB", "")
    if run.in_workflow:
        named = _REF.fullmatch(settings.environment.get("GITHUB_WORKFLOW_REF", ""))
        same = named and named[1] == settings.environment.get("GITHUB_REPOSITORY")
        if named is None or not same or run.event not in _OF_THE_CHECKOUT:
            return None
        text = _text(top, top / named[2])
        return read_workflow(named[2], text, job) if text else None
    try:
        files = sorted((top / _FOLDER).glob("*.y*ml"))[:WORKFLOWS]
    except OSError:
        return None
    for path in files:
        text = _text(top, path)
        if any(_RUNS_IT.search(line[:LINE]) for line in text.splitlines()):
            return read_workflow(f"{_FOLDER}/{path.name}", text, "")
    return None


def _text(top: Path, path: Path) -> str:
    """A file of the checkout; empty where it is missing, too large or leads outside."""
    try:
        full = path.resolve(strict=True)
        if not full.is_relative_to(top.resolve()) or not full.is_file():
            return ""
        if full.stat().st_size > WORKFLOW_LIMIT:
            return ""
        return full.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError):
        return ""
