"""A server of models over real HTTP: what it answers, and how it fails, is scripted."""

from fake_llm.hostile import HOSTILE
from fake_llm.script import Fault, Reply, item, replies
from fake_llm.server import Asked, FakeLLM

__all__ = ["HOSTILE", "Asked", "FakeLLM", "Fault", "Reply", "item", "replies"]
