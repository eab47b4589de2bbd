"""What became of the generated tests, as Markdown for comment and summary."""

from __future__ import annotations

from collections.abc import Iterator

from qe_action.render.state import Proposal
from qe_action.text import clip, code, fenced, prose

ROOMY = 25
"""Below so many rows a list the document is short of room, and the patch is left out."""
LONGEST = 600


def proposed(proposal: Proposal | None, rows: int) -> Iterator[str]:
    """Where the tests are, or why they are in no pull request, and the patch. Lines."""
    if proposal is None:
        return
    if said := _where(proposal):
        yield said
        yield ""
    if proposal.patch and rows >= ROOMY:
        yield "<details><summary>The tests as a patch, for <code>git apply</code></summary>"
        yield ""
        yield from fenced(proposal.patch.removesuffix("\n"), "diff")
        yield ""
        yield "</details>"
        yield ""
    remarks = [prose(clip(remark, LONGEST)) for remark in proposal.remarks]
    if proposal.file:
        apply = code(f"git apply {proposal.file}")
        remarks.append(f"The patch is written to {code(proposal.file)}: {apply} adds the tests.")
    elif proposal.patch:
        remarks.append("Saved to a file, the patch is applied by `git apply FILE`.")
    yield from (f"- {remark}" for remark in remarks)
    if remarks:
        yield ""


def _where(proposal: Proposal) -> str:
    pull = f"[#{proposal.number}]({proposal.url})"
    reason = prose(clip(proposal.reason, LONGEST)).rstrip(".")
    if proposal.closed:
        return f"{pull}, which held tests, is closed: none is left to propose."
    if proposal.url and reason:
        return f"{pull}, which holds tests, was not brought up to date: {reason}."
    if proposal.url:
        kind = "a draft pull request" if proposal.draft else "a pull request"
        return f"The tests are in {pull}, {kind} onto this branch."
    return f"There is no pull request with the tests: {reason}." if reason else ""
