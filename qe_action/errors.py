"""Errors a user can cause and can mend."""

from __future__ import annotations

DOCS = "https://github.com/qe-action/qe-action/blob/main/.github/docs/troubleshooting.md"
"""The page that has a heading for each anchor."""


class QEError(Exception):
    """Something the user can put right: a message, how to mend it, where it is explained.

    `anchor` names a heading of the page on troubleshooting (the part behind `#`).
    """

    def __init__(self, message: str, *, hint: str = "", anchor: str = "troubleshooting") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.anchor = anchor

    def line(self) -> str:
        """The error as the one line the log shows."""
        said = " ".join(sentence(part) for part in (self.message, self.hint) if part)
        return f"{said} See {DOCS}#{self.anchor}"


def sentence(text: str) -> str:
    """`text` with a full stop, unless it ends in a mark of its own."""
    return text if text.endswith((".", "!", "?", ":")) else f"{text}."


class UsageError(QEError):
    """Wrong options, inputs or environment."""


class ReportError(QEError):
    """The coverage report can't be read, or not to its end."""


class WorkspaceError(QEError):
    """Git, the repository or the file system does not give what is needed."""


class SetupFailed(WorkspaceError):  # noqa: N818 - what happened, as the run goes on
    """The project's environment could not be made; `output` are the last lines of what it said."""

    def __init__(self, message: str, *, hint: str = "", output: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, anchor="the-environment-of-the-project")
        self.output = output


class SuiteFails(QEError):  # noqa: N818 - what it does, no wrong input
    """Tests of the project fail, so that none are made; `failing` are their names."""

    def __init__(self, message: str, *, hint: str = "", failing: tuple[str, ...] = ()) -> None:
        super().__init__(message, hint=hint, anchor="generated-tests")
        self.failing = failing


class SandboxUnavailable(QEError):  # noqa: N818 - nothing went wrong, it is not there
    """The machine lacks what the sandbox needs, so nothing of the pull request is run."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint, anchor="the-sandbox")


class DeliveryError(QEError):
    """GitHub did not take what we sent."""
