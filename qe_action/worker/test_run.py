"""Runs test files: written into the working copy, run by pytest, taken away again."""

from __future__ import annotations

import os

from . import fork_server, pytest_run, snapshot


def run(request: dict, _tell) -> dict:
    """One run of pytest over `files`, forked or in a new process, and what it left behind."""
    with Files(request["root"], request.get("files", {})):
        watch = request.get("watch", []), request.get("beside", "")
        before = snapshot.take(*watch)
        if request.get("fresh"):
            result = pytest_run.in_new_process(request)
        else:
            result = (
                fork_server.run(request) if request.get("held") else None
            ) or pytest_run.in_fork(request)
        result["written"] = snapshot.changed(before, snapshot.take(*watch))
    return result


class Files:
    """Texts that are in the working copy for as long as the block lasts."""

    def __init__(self, root: str, texts: dict) -> None:
        self._texts = {os.path.join(root, name): text for name, text in texts.items()}
        self._before: dict = {}
        self._made: list = []

    def __enter__(self) -> Files:
        for path, text in self._texts.items():
            self._before[path] = content_of(path)
            self._make_folder(os.path.dirname(path))
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        return self

    def _make_folder(self, folder: str) -> None:
        if not os.path.isdir(folder):
            self._make_folder(os.path.dirname(folder))
            os.mkdir(folder)
            self._made.append(folder)

    def __exit__(self, *_: object) -> None:
        for path, content in self._before.items():
            if content is None:
                _quietly(os.remove, path)
            else:
                with open(path, "wb") as file:
                    file.write(content)
        for folder in reversed(self._made):
            _quietly(os.rmdir, folder)


def content_of(path: str):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _quietly(action, path: str) -> None:
    try:
        action(path)
    except OSError:
        pass
