"""The branch and the pull request with the tests on GitHub: looked at, then brought up to date.

Each write can be the last one of a run that is killed. What it leaves is found again by the
branch's name, and by the marks of commit and pull request.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qe_action.errors import DeliveryError
from qe_action.github.client import GitHub
from qe_action.github.follow_ups import FollowUp
from qe_action.github.git_data import PastCommit, Tip
from qe_action.github.refusals import Forbidden, NotFound, Rejected
from qe_action.proposal.branch_mark import (
    CommitMark,
    PullMark,
    branch_name,
    read_commit_mark,
    read_pull_mark,
    signs_off,
)
from qe_action.proposal.next_step import Branch, Close, Commit, Pull, Run, Seen, State, Tell
from qe_action.render.pull_text import PullText, commit_message, title
from qe_action.sinks.delivery import Delivery
from qe_action.sinks.test_files import Changes, FilesAtCommit

LABEL = "tests"
SAMPLE = 20
"""Commits by which it is told whether a project signs off."""
TOLD = "<!-- qe-action tests ended -->"


@dataclass(slots=True)
class There:
    """What is there as it was read, and in short for the decision."""

    seen: Seen
    tip: Tip | None
    pull: FollowUp | None
    history: Sequence[PastCommit]
    base: str
    """The branch that the tests are for."""


class TestsBranch:
    """The branch with the tests for the pull request `number`.

    `github` writes, and `job` is the connection that the rest of the run uses; whatever either of
    them made is ours. `workflow` is a workflow's file to start on the branch.
    """

    __test__ = False

    def __init__(
        self, github: GitHub, job: GitHub, delivery: Delivery, number: int, workflow: str = ""
    ) -> None:
        self._github = github
        self._job = job
        self._delivery = delivery
        self._workflow = workflow
        self.number = number
        self.pull: FollowUp | None = None
        """Our open pull request, as soon as it is known."""
        self.name = branch_name(number)

    async def look(self, head: str) -> There:
        """What there is; `head` is the commit that tests were made for, empty for none."""
        wanted = await self._github.pull(self.number)
        tip = await self._github.branch_tip(self.name)
        pulls = await self._github.follow_ups(self.name)
        ours = await self._logins() if tip or pulls else set()
        merged = wanted.get("merged") is True
        state: State = "merged" if merged else "open" if wanted["state"] == "open" else "closed"
        made = tip is not None and tip.author in ours and tip.committer in ours | {""}
        mark = read_commit_mark(tip.message, tip.parents) if tip and made else None
        branch = Branch(self.name, tip.sha, mark) if tip else None
        now = str(wanted["head"]["sha"])
        history = await self._github.history(head) if head == now and state == "open" else []
        seen = Seen(
            state=state,
            head=now,
            branch=branch,
            pull=_pull(pulls[0], ours) if pulls else None,
            follows=mark is not None and any(past.sha == mark.head for past in history),
        )
        pull = pulls[0] if pulls else None
        self.pull = pull if pull and pull.open else None
        return There(seen, tip, pull, history, str(wanted["head"]["ref"]))

    async def _logins(self) -> set[str]:
        logins = {await self._github.own_login()}
        return logins if self._job is self._github else logins | {await self._job.own_login()}

    async def commit(
        self, step: Commit, there: There, run: Run, files: FilesAtCommit, found: Changes,
        text: PullText,
    ) -> str:  # fmt: skip
        """The tests on the branch; its last commit. Raises `BranchMovedError`."""
        made = {path: (change.mode, change.after) for path, change in found.files.items()}
        tree = await self._github.add_tree(await files.tree(), made)
        goes_on = step.how == "goes on"
        if goes_on and there.tip and tree == there.tip.tree and len(step.parents) == 1:
            return there.tip.sha
        trailer = CommitMark(run.owner, run.head, run.run).line
        message = commit_message(text, [trailer], first=not goes_on)
        new = await self._github.add_commit(message, tree, step.parents)
        if signs_off([past.message for past in there.history if past.parents < 2][:SAMPLE]):
            # Whom GitHub makes the author is known only now, and a sign-off has to be his.
            signed = [f"Signed-off-by: {new.author}", trailer]
            message = commit_message(text, signed, first=not goes_on)
            new = await self._github.add_commit(message, tree, step.parents)
        if step.how == "made":
            await self._github.add_branch(self.name, new.sha)
        else:
            await self._github.move_branch(
                self.name, new.sha, since=step.tip, force=step.how == "rebuilt"
            )
        self._delivery.writes += 1
        return new.sha

    def wants_start(self, tip: str, there: There) -> bool:
        """Whether there is a workflow to start, for what no pull request tells of yet."""
        mark = there.seen.pull.mark if there.seen.pull else None
        return bool(self._workflow) and (mark is None or mark.tip != tip)

    async def start(self, *, last: bool) -> bool:
        """Start the workflow; whether that is done. A failure of the `last` try is a note."""
        try:
            await self._github.start_workflow(self._workflow, self.name)
        except DeliveryError as error:
            if last or isinstance(error, Forbidden | NotFound | Rejected):
                self._delivery.note(error.line())
                return True
            return False
        return True

    async def publish(
        self, tip: str, there: There, text: PullText, body: Callable[[str], str]
    ) -> FollowUp | None:
        """The open pull request, with words for `tip`; `body` makes them below a mark.

        None where another run has moved the branch on, whose words it is to have.
        """
        pull, mark = self.pull, PullMark(self.number, tip)
        if pull is None:
            pull = self.pull = await self._create(tip, there, text, body(mark.line))
        elif there.seen.pull is None or there.seen.pull.mark is None:
            return pull  # somebody else has opened it, in words of his own
        if await self._github.branch_head(self.name) != tip:
            return None
        old = read_pull_mark(pull.body)
        labelled = LABEL in pull.labels or (old is not None and old.labelled)
        new = body(replace(mark, labelled=labelled and pull is there.pull).line)
        wanted = {"title": title(text), "body": new, "base": there.base}
        is_there = {"title": pull.title, "body": pull.body, "base": pull.base}
        if differs := {key: value for key, value in wanted.items() if is_there[key] != value}:
            await self._github.update_follow_up(pull.number, **differs)
        if not labelled:
            await self._label(pull.number)
        self._delivery.writes += 1
        return pull

    async def _create(self, tip: str, there: There, text: PullText, body: str) -> FollowUp:
        try:
            return await self._github.create_follow_up(self.name, there.base, title(text), body)
        except (Forbidden, NotFound, Rejected):
            # A branch that nobody is told of would only be in the way.
            await self._github.delete_branch(self.name, since=tip)
            raise

    async def _label(self, number: int) -> None:
        """Our label, where the repository has it; without the right to read it there is none."""
        try:
            if await self._github.has_label(LABEL):
                await self._github.add_label(number, LABEL)
        except (Forbidden, NotFound, Rejected) as error:
            self._delivery.note(error.line())

    async def close(self, step: Close | Tell, there: There) -> bool:
        """Close our pull request with a sentence, and delete our branch; False: there was none."""
        pull, seen = there.pull, there.seen.pull
        ours = pull is not None and seen is not None and seen.mark is not None and pull.open
        if pull is not None and ours:
            await self._say(pull.number, step.sentence)
            if isinstance(step, Close):
                mark = read_pull_mark(pull.body)
                assert mark is not None
                rest = pull.body.partition("\n")[2]
                body = f"{replace(mark, closed=True).line}\n{rest}"
                await self._github.update_follow_up(pull.number, body=body, state="closed")
        if isinstance(step, Close) and there.tip and (ours or pull is None or not pull.open):
            await self._github.delete_branch(self.name, since=there.tip.sha)
        self._delivery.writes += ours
        return ours

    async def _say(self, number: int, sentence: str) -> None:
        if not await self._github.find_comments(number, TOLD):
            await self._github.create_comment(number, f"{TOLD}\n{sentence}", marker=TOLD)


def _pull(pull: FollowUp, ours: set[str]) -> Pull:
    mark = read_pull_mark(pull.body) if pull.author in ours else None
    state: Literal["open", "closed"] = "open" if pull.open else "closed"
    return Pull(pull.number, state, pull.merged, mark, pull.head_sha)
