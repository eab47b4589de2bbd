"""What we ask of GitHub: check runs, comments, pull requests, commits and artifacts."""

from __future__ import annotations

from qe_action.github.artifacts import Artifacts
from qe_action.github.checks import Checks
from qe_action.github.comments import Comments
from qe_action.github.follow_ups import FollowUps
from qe_action.github.git_data import GitData
from qe_action.github.pulls import Pulls
from qe_action.github.reviews import Reviews


class GitHub(Checks, Reviews, Comments, Pulls, Artifacts, GitData, FollowUps):
    """One repository on GitHub.

    All methods raise the `DeliveryError`s of `qe_action.github.refusals`. Cancelling a method
    leaves its request to end by itself; the next one waits for that, unless hurried.
    """
