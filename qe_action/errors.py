"""Errors a user can cause and can mend."""

from __future__ import annotations

DOCS = "README.md"


class QEError(Exception):
    """Something the user can put right: a message, how to mend it, where it is explained.

    `anchor` names a heading of the README (the part behind `#`).
    """

    def __init__(self, message: str, *, hint: str = "", anchor: str = "troubleshooting") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.anchor = anchor

    def line(self) -> str:
        """The error as the one line the log shows."""
        hint = f" {self.hint}" if self.hint else ""
        return f"{self.message}{hint} (see {DOCS}#{self.anchor})"


class UsageError(QEError):
    """Wrong options, inputs or environment."""


class ReportError(QEError):
    """The coverage report can't be read, or not to its end."""


class WorkspaceError(QEError):
    """Git, the repository or the file system does not give what is needed."""


class DeliveryError(QEError):
    """GitHub did not take what we sent."""
