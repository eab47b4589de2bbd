"""A GitHub for tests: stateful, over real HTTP, and as strict as the real one."""

from fake_github.server import BOT, READ_ONLY, FakeGitHub, Token

__all__ = ["BOT", "READ_ONLY", "FakeGitHub", "Token"]
