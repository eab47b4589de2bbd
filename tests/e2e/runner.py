"""Runs our image as GitHub's runner runs a container action: mounts, environment, file commands.

After ContainerActionHandler of github.com/actions/runner: the folders of the host appear under
/github, every input becomes INPUT_<NAME IN UPPER CASE>, the workspace belongs to the runner's
user while the container is root, and a cancelled job sends SIGINT to the `docker run` process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

RUNNER_USER = 1001  # the user of GitHub's hosted runners
FILE_COMMANDS = {
    "GITHUB_OUTPUT": "set_output",
    "GITHUB_ENV": "set_env",
    "GITHUB_PATH": "add_path",
    "GITHUB_STATE": "save_state",
    "GITHUB_STEP_SUMMARY": "step_summary",
}


@dataclass(frozen=True)
class Command:
    """A workflow command from the step's output, unescaped."""

    name: str
    properties: Mapping[str, str]
    message: str


@dataclass(frozen=True)
class Result:
    """What a step leaves behind. `log` is its whole output, stdout and stderr as they came."""

    status: int
    seconds: float
    log: str
    outputs: Mapping[str, str]
    exported: Mapping[str, str]
    summary: str
    commands: tuple[Command, ...]


@dataclass
class Step:
    """One step `uses: this action` of a job."""

    image: str
    action: Path
    workspace: Path
    event: Mapping[str, Any]
    temp: Path
    api_url: str
    token: str = "ghs_writer"
    repository: str = "octo/demo"
    sha: str = "a" * 40
    ref: str = "refs/pull/7/merge"
    event_name: str = "pull_request"
    inputs: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)

    def run(self, timeout: float = 120) -> Result:
        """Run the step to its end."""
        with self.started() as running:
            return running.wait(timeout)

    @contextmanager
    def started(self) -> Iterator[Running]:
        """The step under way; the container is gone when the block ends."""
        name = f"qe-{uuid.uuid4().hex[:12]}"
        files = self.prepare()
        process = subprocess.Popen(
            self._command(name, files), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield Running(process, files, time.monotonic())
        finally:
            if process.poll() is None:
                subprocess.run(["docker", "kill", name], capture_output=True, check=False)
                process.communicate()

    def prepare(self) -> dict[str, Path]:
        """The folders of the host, anew, and the files behind the file commands."""
        shutil.rmtree(self.temp, ignore_errors=True)
        for folder in ("_github_home", "_github_workflow", "_runner_file_commands"):
            (self.temp / folder).mkdir(parents=True)
        (self.temp / "_github_workflow/event.json").write_text(json.dumps(self.event))
        (self.temp / "docker.sock").touch(0o660)
        files = {
            variable: self.temp / "_runner_file_commands" / f"{stem}_{uuid.uuid4()}"
            for variable, stem in FILE_COMMANDS.items()
        }
        for path in files.values():
            path.touch()
        if os.geteuid() == 0:  # else they belong to the runner's user already
            for root in (self.temp, self.workspace):
                subprocess.run(["chown", "-R", f"{RUNNER_USER}:{RUNNER_USER}", root], check=True)
        return files

    def _command(self, name: str, files: Mapping[str, Path]) -> list[str]:
        mounts = {
            self.temp / "docker.sock": "/var/run/docker.sock",  # stands where the engine's would
            self.temp: "/github/runner_temp",
            self.temp / "_github_home": "/github/home",
            self.temp / "_github_workflow": "/github/workflow",
            self.temp / "_runner_file_commands": "/github/file_commands",
            self.workspace: "/github/workspace",
        }
        command = ["docker", "run", "--rm", "--name", name, "--network", "host"]
        command += ["--workdir", "/github/workspace"]
        for key, value in {**self._environment(files), **self.env}.items():
            command += ["--env", f"{key}={value}"]
        for source, target in mounts.items():
            command += ["--volume", f"{source}:{target}"]
        return [*command, self.image]

    def _environment(self, files: Mapping[str, Path]) -> dict[str, str]:
        pull = self.event.get("pull_request", {})
        return {
            **self._inputs(),
            **{key: f"/github/file_commands/{path.name}" for key, path in files.items()},
            "ACTIONS_RUNTIME_TOKEN": "runtime-secret",
            "ACTIONS_RUNTIME_URL": "http://127.0.0.1:1/",
            "CI": "true",
            "GITHUB_ACTION": "qe",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": "octocat",
            "GITHUB_API_URL": self.api_url,
            "GITHUB_BASE_REF": pull.get("base", {}).get("ref", ""),
            "GITHUB_EVENT_NAME": self.event_name,
            "GITHUB_EVENT_PATH": "/github/workflow/event.json",
            "GITHUB_HEAD_REF": pull.get("head", {}).get("ref", ""),
            "GITHUB_JOB": "test",
            "GITHUB_REF": self.ref,
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_REPOSITORY_OWNER": self.repository.split("/")[0],
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": "42",
            "GITHUB_RUN_NUMBER": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": self.sha,
            "GITHUB_WORKFLOW": "ci",
            "GITHUB_WORKSPACE": "/github/workspace",
            "HOME": "/github/home",
            "RUNNER_ARCH": "X64",
            "RUNNER_ENVIRONMENT": "github-hosted",
            "RUNNER_OS": "Linux",
            "RUNNER_TEMP": "/github/runner_temp",
        }

    def _inputs(self) -> dict[str, str]:
        """Every input of action.yml, given or by default, as the variable it becomes."""
        declared = yaml.safe_load((self.action / "action.yml").read_text())["inputs"]
        unknown = set(self.inputs) - set(declared)
        assert not unknown, f"inputs that action.yml does not have: {sorted(unknown)}"
        values = {
            name: self.inputs.get(name, str(entry.get("default", "")))
            for name, entry in declared.items()
        }
        token = "${{ github.token }}"
        return {
            f"INPUT_{name.replace(' ', '_').upper()}": value.replace(token, self.token)
            for name, value in values.items()
        }


@dataclass
class Running:
    """A step under way."""

    process: subprocess.Popen[str]
    files: Mapping[str, Path]
    began: float

    def cancel(self, signal_number: int) -> None:
        """What the runner does first when a job is cancelled, with SIGINT."""
        self.process.send_signal(signal_number)

    def wait(self, timeout: float) -> Result:
        """The step's end. Raises `subprocess.TimeoutExpired`."""
        log, _ = self.process.communicate(timeout=timeout)
        return Result(
            status=self.process.returncode,
            seconds=time.monotonic() - self.began,
            log=log,
            outputs=read_pairs(self.files["GITHUB_OUTPUT"].read_text()),
            exported=read_pairs(self.files["GITHUB_ENV"].read_text()),
            summary=self.files["GITHUB_STEP_SUMMARY"].read_text(),
            commands=tuple(read_commands(log)),
        )


COMMANDS = frozenset(
    (
        *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group"),
        *("notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands"),
        "warning",
    )
)
"""The commands that the runner has registered (its ActionCommandManager), in any case."""


def read_pairs(text: str) -> dict[str, str]:
    """What a file command's file says: `name=value`, or `name<<END`, lines, `END`.

    After FileCommandManager of github.com/actions/runner: a line ends with LF alone, and
    whichever of `=` and `<<` comes first tells what the line is.
    """
    found: dict[str, str] = {}
    lines = iter(text.removesuffix("\n").split("\n") if text else ())
    for line in lines:
        if not line:
            continue
        name, sign, rest = _first_of(line, "=", "<<")
        assert name, f"the runner refuses this line: {line!r}"
        assert sign, f"the runner refuses this line: {line!r}"
        if sign == "=":
            found[name] = rest
            continue
        assert rest, f"the runner refuses this line: {line!r}"
        block = []
        for inner in lines:
            if inner == rest:
                break
            block.append(inner)
        else:
            raise AssertionError(f"no line {rest!r} ends the value of {name}")
        found[name] = "\n".join(block)
    return found


def _first_of(line: str, *signs: str) -> tuple[str, str, str]:
    """The line parted at the first of the signs."""
    parted = [line.partition(sign) for sign in signs if sign in line]
    return min(parted, key=lambda parts: len(parts[0]), default=(line, "", ""))


def read_commands(log: str) -> Iterator[Command]:
    """The workflow commands that the runner would obey, none between stop-commands and its end.

    After ActionCommand and ActionCommandManager of github.com/actions/runner: `::name::` at a
    line's start, else the older `##[name]` anywhere in it.
    """
    paused = ""
    for line in re.split("\r\n|\r|\n", log):
        known = COMMANDS | {paused.lower()} if paused else COMMANDS
        command = _newer(line, known) or _older(line, known)
        if command is None:
            continue
        if paused:
            paused = "" if command.name.lower() == paused.lower() else paused
        elif command.name.lower() == "stop-commands":
            paused = command.message
        else:
            yield command


def _newer(line: str, known: frozenset[str]) -> Command | None:
    text = line.lstrip()  # .NET's TrimStart takes no more than this does
    info, sign, message = text.removeprefix("::").partition("::")
    if not text.startswith("::") or not sign:
        return None
    return _command(info, ",", message, known, _ESCAPED)


def _older(line: str, known: frozenset[str]) -> Command | None:
    _, sign, rest = line.partition("##[")
    info, end, message = rest.partition("]")
    if not sign or not end:
        return None
    return _command(info, ";", message, known, _ESCAPED_OLDER)


def _command(
    info: str, between: str, message: str, known: frozenset[str], escaped: _Escapes
) -> Command | None:
    name, _, properties = info.partition(" ")
    if name.lower() not in known:
        return None
    pairs = (pair.partition("=") for pair in properties.strip().split(between))
    held = {key: _unescape(value, escaped) for key, _, value in pairs if key and value}
    data = _unescape(message, [pair for pair in escaped if pair[1] not in ":,"])
    return Command(name, held, data)


_Escapes = Sequence[tuple[str, str]]
_ESCAPED = (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%"))
_ESCAPED_OLDER = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%25", "%"))


def _unescape(text: str, escaped: _Escapes) -> str:
    for code, character in escaped:
        text = text.replace(code, character)
    return text
