"""What the doctor has found out, and a finding. What nobody looked at is None."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal

from qe_action.diagnosis.asked_suite import AskedSuite
from qe_action.diagnosis.asked_tests import AskedModel, AskedPull

Level = Literal["ok", "info", "warn", "fail", "unknown"]
TokenKind = Literal["none", "installation", "classic", "fine-grained", "user", "other"]
TreeKind = Literal["merge", "head", "commit", "worktree", "unknown"]
Read = Literal["not asked", "allowed", "refused", "unanswered"]

_PREFIXES: tuple[tuple[str, TokenKind], ...] = (
    ("ghs_", "installation"),
    ("ghp_", "classic"),
    ("github_pat_", "fine-grained"),
    ("gho_", "user"),
    ("ghu_", "user"),
)


def token_kind(token: str) -> TokenKind:
    """Whose token it is, told by the prefix that GitHub gives each kind."""
    if not token:
        return "none"
    return next((kind for prefix, kind in _PREFIXES if token.startswith(prefix)), "other")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the inputs ask for, as far as the set-up decides whether it can be had."""

    name: str = "qe-action coverage"
    coverage_file: tuple[str, ...] = ("coverage.xml",)
    annotations: bool = True
    comment: bool = True
    review_comments: bool = False
    gates: tuple[str, ...] = ()
    tests_outcome: bool = False
    journal_file: bool = False
    pull_request: int | None = None
    publishes: bool = False
    generates: bool = False
    suite: AskedSuite = field(default_factory=AskedSuite)
    model: AskedModel = field(default_factory=AskedModel)
    pull: AskedPull = field(default_factory=AskedPull)

    @property
    def opens(self) -> bool:
        """Whether the job's token is to open a pull request with tests."""
        return self.generates and self.pull.wanted == "open" and not self.pull.own_token

    @property
    def dispatches(self) -> bool:
        """Whether the job's token is to start a workflow on that branch as well."""
        return self.opens and bool(self.pull.workflow)


@dataclass(frozen=True, slots=True)
class Run:
    """The run as its environment and event describe it.

    `target_sha` gets the check run, `pull` the comment. `problem` says why the event can't be
    read. `commanded`: a comment on `pull` asks for tests. `private` is None where the event does
    not say it.
    """

    in_workflow: bool = False
    event: str = ""
    problem: str = ""
    pull: int | None = None
    closed: bool = False
    fork: bool = False
    dependabot: bool = False
    private: bool | None = None
    target_sha: str | None = None
    merge_sha: str | None = None
    default_branch: str | None = None
    keeps_baseline: bool = False
    commanded: bool = False


@dataclass(frozen=True, slots=True)
class History:
    """The checkout. `base_here`: the commit that the change is compared with is here.

    `depth` counts commits by first parents, only where history was cut off.
    """

    git: bool = False
    head: str | None = None
    parents: tuple[str, ...] = ()
    shallow: bool = False
    depth: int | None = None
    base_here: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """One report file. `problem` says why it is none.

    `files` and `statements` are None where it was not read; with `at_least` there may be more.
    `newer` counts measured sources that were changed after the report was written, and
    `newer_example` is one of them.
    """

    path: str
    format: str = ""
    problem: str = ""
    files: int | None = None
    statements: int | None = None
    at_least: bool = False
    newer: int = 0
    newer_example: str = ""


@dataclass(frozen=True, slots=True)
class Paths:
    """How the reports' paths fit the repository. `advice` are sentences on those that don't.

    `used` are sentences on what folders of another machine were taken as, and `misfit` says why
    the reports are taken for those of something else, empty where they are not.

    `absent` counts those of the `matched` whose file is not in the checkout, and
    `absent_example` is one of them.
    """

    matched: int = 0
    total: int = 0
    absent: int = 0
    absent_example: str = ""
    left_out: int = 0
    advice: tuple[str, ...] = ()
    source_root: str = ""
    used: tuple[str, ...] = ()
    misfit: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """What GitHub answered to reads.

    `refusal` is its first refusal in words, `accepted` what it would have taken for it (its
    header X-Accepted-GitHub-Permissions). `scopes` are a classic token's. `wrote` says that a
    check run of our name stands on the commit already. `baseline` is None where nobody looked,
    `opens`, whether workflows may open pull requests, also where the token may not know. `rules`
    are the kinds of those for the branch with the tests.
    """

    checks: Read = "not asked"
    comments: Read = "not asked"
    contents: Read = "not asked"
    refusal: str = ""
    accepted: str = ""
    bad_token: bool = False
    scopes: tuple[str, ...] | None = None
    wrote: bool = False
    baseline: bool | None = None
    opens: bool | None = None
    rules: tuple[str, ...] = ()
    remaining: int | None = None
    requests: int = 0


@dataclass(frozen=True, slots=True)
class Workflow:
    """What the text of the workflow's file tells. `grants` is None where it grants nothing.

    `own_token`: nothing in it makes or takes another token than the job's. `events` start it,
    None where that is not told; a push does to the branches that the globs `pushes` name.
    """

    path: str
    grants: Mapping[str, str] | None = None
    own_token: bool = True
    after_failures: bool = True
    names_depth: bool = True
    names_outcome: bool = True
    events: tuple[str, ...] | None = None
    pushes: tuple[str, ...] = ()

    def runs_on_push_to(self, branch: str) -> bool:
        """Whether a push to the branch surely starts it."""
        return any(fnmatchcase(branch, glob) for glob in self.pushes)


@dataclass(frozen=True, slots=True)
class Project:
    """How a workflow would run the project's tests, as far as its files tell.

    `below` is its folder in the repository, `branch` the repository's main one. `prefix` goes
    before `pytest`. `packages` are those that it consists of; without one its top folder is
    measured.
    """

    below: str = "."
    branch: str = ""
    python: str = "3.13"
    install: tuple[str, ...] = ("pip install pytest pytest-cov",)
    prefix: str = ""
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Protection:
    """What tests would be run in. `problem` says why they can't be, `off` that the user
    wants no sandbox, `weaker` what does not hold around them."""

    off: bool = False
    problem: str = ""
    weaker: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known. `protection` is None where no tests are asked for.

    `bearer` is the kind of token that there is, `nearby` are reports beside a missing one.
    """

    run: Run = Run()
    bearer: TokenKind = "none"
    asked: Asked = Asked()
    history: History = History()
    reports: tuple[Report, ...] = ()
    nearby: tuple[Report, ...] = ()
    paths: Paths | None = None
    access: Access | None = None
    workflow: Workflow | None = None
    project: Project = Project()
    protection: Protection | None = None

    @property
    def has_commit(self) -> bool:
        """Whether there is a commit to report on, by the event or by a pull request's number."""
        named = self.run.commanded or self.asked.pull_request is not None
        return self.run.target_sha is not None or named

    @property
    def branch(self) -> str:
        """The branch that tests for the pull request would lie on."""
        return f"qe-action/tests-for-{self.run.pull or self.asked.pull_request}"

    @property
    def has_pull(self) -> bool:
        """Whether there is a pull request to comment on: the event's, a number's, or one to find.

        What a finished workflow was for is looked up when its journal is published.
        """
        finds = self.asked.publishes and self.run.event == "workflow_run"
        return self.run.pull is not None or self.asked.pull_request is not None or finds


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that the doctor says. `paste` is YAML whose first line says where it belongs."""

    level: Level
    text: str
    paste: str = ""
    topic: str = ""
    part: Literal["found", "outlook"] = "found"


@dataclass(frozen=True, slots=True)
class Tree:
    """Which tree was measured, as far as the checkout tells, and why."""

    kind: TreeKind
    why: str = field(default="", compare=False)


def measured(run: Run, history: History) -> Tree:
    """The measured tree, told as the analysis itself tells it (`workspace.change`)."""
    head, parents = history.head, history.parents
    if not history.git:
        return Tree("unknown", "this folder is in no git repository")
    if head is None:
        return Tree("unknown", history.problem or "the repository has no commit yet")
    if run.target_sha is None:
        desk = Tree("worktree", f"the files as they are, on top of {head[:7]}")
        return Tree("commit", f"{head[:7]} is checked out") if run.in_workflow else desk
    if head == run.target_sha:
        return Tree("head" if run.pull else "commit", f"{head[:7]} is checked out")
    is_merge = head == run.merge_sha or run.target_sha in parents[1:]
    if run.pull and len(parents) == 2 and is_merge:
        return Tree("merge", f"{head[:7]} merges {parents[1][:7]} into {parents[0][:7]}")
    return Tree(
        "unknown",
        f"{head[:7]} is checked out, which is not {run.target_sha[:7]}, the commit that the "
        "event is about" + (", nor its test merge" if run.pull else ""),
    )
