"""The command line as people meet it: its mistakes, its words, its colours, and its ends."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from gitrepo import GitRepo, git_env
from job import cobertura
from warm_program import run_program

from qe_action.command_line import split_command
from qe_action.command_options import parser
from qe_action.journal import decode

COMMAND = (sys.executable, "-m", "qe_action")
FILES = 15


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    """A change of fifteen files, of which the later ones miss more."""
    made = GitRepo(tmp_path / "repo")
    made.commit({".gitignore": "coverage.xml\n", "src/shop/m0.py": "x = 1\n"})
    made.branch("feature")
    source = "def f(a):\n    if a:\n        raise ValueError(a)\n    return a\n"
    made.commit({f"src/shop/m{n}.py": source for n in range(FILES)})
    report = {f"src/shop/m{n}.py": {1: 1, 2: n % 2, 3: 0, 4: n % 3} for n in range(FILES)}
    (made.root / "coverage.xml").write_text(cobertura(report))
    return made


def qe(repo: GitRepo, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return run_program(arguments, repo.root, {**git_env(), **env})


def test_the_report_that_is_not_named_is_that_of_the_checkout(repo: GitRepo) -> None:
    elsewhere = GitRepo(repo.root.parent / "elsewhere")
    done = qe(elsewhere, "analyze", "-q", "--repo", str(repo.root))
    assert done.returncode == 0, done.stderr
    assert qe(repo, "analyze", "-q").returncode == 0
    there = str(Path("..", "repo", "coverage.xml"))
    (repo.root / "coverage.xml").unlink()
    assert f"no coverage report at {there}" in qe(elsewhere, "analyze", "--repo", "../repo").stderr


def on_terminal(repo: GitRepo, columns: int, *arguments: str, **env: str) -> str:
    """What a terminal of so many columns is sent."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    terminal = {"TERM": "xterm-256color", **git_env(), **env}
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=repo.root, env=terminal, stderr=theirs, stdout=theirs
    )
    os.close(theirs)
    seen = b""
    while select.select([ours], [], [], 60)[0]:
        try:
            seen += os.read(ours, 65_536)
        except OSError:  # Linux' way of saying that nobody writes any more
            break
    os.close(ours)
    process.wait()
    return seen.decode()


def shown_last(text: str) -> list[str]:
    """The lines that stay when the live view is gone."""
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text.rpartition("\x1b[?25h")[2])
    return [line.rstrip() for line in plain.replace("\r", "\n").split("\n") if line.strip()]


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["anaylze"], "there is no command 'anaylze'; did you mean analyze?"),
        (["analyze", "--jornal", "x"], "there is no option --jornal; did you mean --journal?"),
        (["analyze", "--path-gates", "x"], "did you mean --path-gate?"),
        (["analyze", "--coverage-file", "x"], "`qe-action run` or `qe-action test` has it"),
        (["--output", "html", "analyze"], "write it behind the command"),
        (["publish", "one", "two"], "'two' is one argument too many"),
        (["analyze", "--max-drop", "1"], "--max-drop needs --baseline FILE"),
        (["run", "--max-tests", "0"], "--max-tests takes a whole number from 1 to 100, not '0'"),
    ],
)
def test_a_mistake_is_one_line_with_what_may_have_been_meant(
    repo: GitRepo, arguments: list[str], said: str
) -> None:
    done = qe(repo, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_without_arguments_it_names_what_people_do_with_it(repo: GitRepo) -> None:
    done = qe(repo)
    assert (done.returncode, done.stderr) == (0, "")
    examples = re.findall(r"^  qe-action (.+)$", done.stdout, re.M)
    assert len(examples) == 6
    for example in examples:
        words = example.split()
        if words[0] == "test":
            words, _ = split_command(parser().commands["test"], words)
        parser().parse_args(words)  # would end the test if it were wrong


def test_a_report_is_asked_for_in_the_words_of_the_place(repo: GitRepo) -> None:
    for arguments in (["analyze", "no.xml"], ["run", "no.xml"]):
        said = " ".join(qe(repo, *arguments).stderr.split())
        assert "no coverage report at" in said
        assert "or name the one that is there." in said
        assert "input" not in said
    step = qe(repo, "run", GITHUB_ACTIONS="true", **{"INPUT_COVERAGE-FILE": "no.xml"})
    assert "(input coverage-file, below working-directory)" in step.stdout


def test_a_path_that_does_not_fit_is_mended_in_the_words_of_the_place(repo: GitRepo) -> None:
    both = dict.fromkeys((f"{top}/shop/only.py" for top in ("back", "front")), "x = 1\n")
    repo.commit(both)
    (repo.root / "coverage.xml").write_text(cobertura({"/app/shop/only.py": {1: 1}}))
    assert "set --source-root to the folder" in " ".join(qe(repo, "analyze").stderr.split())
    assert "set source-root to the folder" in qe(repo, "run", GITHUB_ACTIONS="true").stdout


# Names


def test_an_option_has_the_same_name_in_every_command(repo: GitRepo) -> None:
    same = ("--repo", ".", "--path-gate", "project src/** 1", "--path-gate", "patch src/** 1")
    for command in ("analyze", "run"):
        journal = repo.root / f"{command}.jsonl"
        done = qe(repo, command, *same, "--journal", journal.name, "--all-files", "coverage.xml")
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("Gate passed") == 2
        with journal.open("rb") as file:
            assert [*decode(file)][-1].type == "complete"
    assert qe(repo, "doctor", *same, "coverage.xml").returncode == 0


def test_old_names_go_on_working_with_a_note(repo: GitRepo) -> None:
    done = qe(repo, "run", "--path-gates", "project src/** 100", "--journal-file", "j.jsonl")
    assert done.returncode == 1
    assert "--path-gates is called --path-gate now; the old name goes on working." in done.stderr
    assert (repo.root / "j.jsonl").exists()
    inputs = {"INPUT_PATH-GATES": "project src/** 100", "INPUT_JOURNAL-FILE": "k.jsonl"}
    step = qe(repo, "run", GITHUB_ACTIONS="true", **inputs)
    assert step.returncode == 1
    assert "The input path-gates is called path-gate now" in step.stdout
    assert (repo.root / "k.jsonl").exists()
    new = qe(repo, "run", "--path-gate", "project src/** 1", **inputs)
    assert new.returncode == 0
    assert "path-gates" not in new.stderr


def test_repo_is_the_checkout_for_run_and_doctor(repo: GitRepo, tmp_path: Path) -> None:
    elsewhere = GitRepo(tmp_path / "elsewhere")
    for command in ("run", "doctor"):
        done = qe(elsewhere, command, "--repo", str(repo.root))
        assert done.returncode == 0, done.stderr + done.stdout
        assert "There is no folder" in qe(repo, command, "--repo", "none").stderr


# A baseline of one's own


def test_max_drop_is_held_against_an_earlier_run(repo: GitRepo) -> None:
    qe(repo, "analyze", "--journal", "before.jsonl")
    lines = qe(repo, "analyze", "--output", "jsonl").stdout
    (repo.root / "lines.jsonl").write_text(lines)
    worse = {f"src/shop/m{n}.py": {1: 1, 2: 0, 3: 0, 4: 0} for n in range(FILES)}
    (repo.root / "worse.xml").write_text(cobertura(worse))
    for earlier in ("before.jsonl", "lines.jsonl"):
        same = qe(repo, "analyze", "--baseline", earlier, "--max-drop", "0")
        assert same.returncode == 0, same.stderr
        assert "Project coverage: ±0 points since the baseline" in same.stderr
        lost = qe(repo, "analyze", "worse.xml", "--baseline", earlier, "--max-drop", "0.5")
        assert lost.returncode == 1
        assert "Gate failed: project coverage drop" in lost.stderr
        event = qe(repo, "analyze", "worse.xml", "--baseline", earlier, "--output", "jsonl")
        assert json.loads(event.stdout.splitlines()[-1])["deltas"]["overall"] < 0


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "can't be read"),
        ("{}\n", "has no result of an analysis"),
        ('{"type": "complete", "agent": "coverage-analyzer"}\n', "has no result of an analysis"),
    ],
)
def test_a_baseline_that_is_none_is_said_to_be(
    repo: GitRepo, content: str | None, why: str
) -> None:
    if content is not None:
        (repo.root / "b.jsonl").write_text(content)
    done = qe(repo, "analyze", "--baseline", "b.jsonl")
    assert done.returncode == 2
    assert why in done.stderr
    assert "--journal FILE" in done.stderr


def test_a_run_that_came_to_nothing_is_no_baseline(repo: GitRepo) -> None:
    qe(repo, "analyze", "none.xml", "--journal", "failed.jsonl")
    done = qe(repo, "analyze", "--baseline", "failed.jsonl")
    assert done.returncode == 2
    assert "came to no result" in done.stderr


def test_a_gate_s_pattern_that_matches_nothing_is_said_to(repo: GitRepo) -> None:
    done = qe(repo, "analyze", "--path-gate", "patch scr/** 80")
    assert "patch coverage of scr/**: no file of the report matches the pattern" in done.stderr


# How much, how wide, in which colours


def test_quiet_and_verbose(repo: GitRepo) -> None:
    few, some, every = (qe(repo, "analyze", *how).stderr for how in (["-q"], [], ["-v"]))
    assert len(few.splitlines()) == 1
    assert "more gaps: -v lists them" in some
    assert "lists them" not in every
    assert every.count(".py:") > some.count(".py:") == 12


@pytest.mark.parametrize(
    ("how", "env", "coloured"),
    [
        ([], {}, False),
        (["--color", "always"], {}, True),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colours_in_a_pipe(
    repo: GitRepo, how: list[str], env: dict[str, str], coloured: bool
) -> None:
    said = qe(repo, "analyze", *how, **env).stderr
    assert ("\x1b[" in said) is coloured
    assert "\x1b[?25" not in said  # nothing moves
    doctor = qe(repo, "doctor", *how, **env).stdout
    assert ("\x1b[" in doctor) is coloured


@pytest.mark.parametrize(
    ("how", "env", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        pytest.param(["--color", "never"], {}, False, marks=pytest.mark.slow),
        pytest.param(["--color", "always"], {"NO_COLOR": "1"}, True, marks=pytest.mark.slow),
    ],
)
def test_colours_in_a_terminal(
    repo: GitRepo, how: list[str], env: dict[str, str], coloured: bool
) -> None:
    said = on_terminal(repo, 80, "analyze", *how, **env)
    assert (re.search(r"\x1b\[[0-9;]*m", said.rpartition("\x1b[?25h")[2]) is not None) is coloured


@pytest.mark.parametrize(
    "columns", [40, *(pytest.param(n, marks=pytest.mark.slow) for n in (80, 200))]
)
def test_lines_hang_in_a_terminal_in_the_order_that_a_pipe_has(repo: GitRepo, columns: int) -> None:
    piped = [line for line in qe(repo, "analyze").stderr.splitlines() if ".py:" in line]
    lines = shown_last(on_terminal(repo, columns, "analyze"))
    assert max(map(len, lines)) <= columns
    at = next(number for number, line in enumerate(lines) if re.match(r"(critical|high) ", line))
    items: list[str] = []
    for line in lines[at:]:
        if line.startswith(" " * 9):
            items[-1] += " " + line.strip()
        elif re.match(r"(critical|high|medium|low) ", line):
            items.append(line)
        else:
            break
    places = [re.sub(r"\s", "", item) for item in items]
    assert len(places) == len(piped) == 12
    for place, line in zip(places, piped, strict=True):
        assert place.startswith(re.sub(r"\s", "", line))


# How it ends


@pytest.mark.parametrize(
    "arguments",
    [
        "analyze 2>&1",
        "analyze --output jsonl",
        pytest.param("analyze --output markdown -q 2>&1", marks=pytest.mark.slow),
        "analyze --min-patch-coverage 100 2>&1",
        pytest.param("analyze --base nothing 2>&1", marks=pytest.mark.slow),
        "doctor",
        pytest.param("doctor --output json", marks=pytest.mark.slow),
        "analyze --help",
    ],
)
def test_a_closed_pipe_is_quiet_and_no_failed_gate(repo: GitRepo, arguments: str) -> None:
    program = f"{' '.join(COMMAND)} {arguments} | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", program],
        cwd=repo.root,
        env=git_env(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "141\n"
    assert done.stderr == ""


@pytest.mark.parametrize(
    "module",
    [
        "argparse",
        "rich.console",
        pytest.param("pydantic_core", marks=pytest.mark.slow),
        pytest.param("qe_action.commands.analyze", marks=pytest.mark.slow),
    ],
)
def test_it_is_stopped_quietly_while_it_imports(repo: GitRepo, module: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "qe_action", "analyze"],
        cwd=repo.root,
        env=git_env(),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        if line.rpartition("|")[2].strip() == module:
            process.send_signal(signal.SIGINT)
            break
    said += process.stderr.readlines()
    process.stderr.close()
    assert process.wait() == 130
    assert [line for line in said if not line.startswith("import time:")] == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_a_shell(repo: GitRepo, shell: str) -> None:
    done = qe(repo, "completion", shell)
    assert done.returncode == 0
    assert "qe-action" in done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("qe-action an", "analyze"), ("qe-action analyze --journ", "--journal")],
)
def test_a_shell_is_told_what_may_follow(repo: GitRepo, typed: str, offered: str) -> None:
    answers = repo.root / "answers"
    env = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answers),
        "COMP_LINE": typed,
        "COMP_POINT": str(len(typed)),
    }
    qe(repo, **env)
    assert offered in answers.read_text().split("\x0b")[0]


@pytest.mark.parametrize("what", ["pipe", "device"])
@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "NAMED"),
        ("analyze", "--diff", "NAMED"),
        ("analyze", "--baseline", "NAMED"),
        ("journal", "apply", "NAMED"),
        ("publish", "NAMED"),
        ("doctor",),
    ],
)
def test_a_pipe_or_device_in_a_file_s_place_is_named_and_not_read(
    repo: GitRepo, tmp_path: Path, what: str, arguments: tuple[str, ...]
) -> None:
    """A pipe would keep us waiting for ever, a device would fill the memory."""
    named = tmp_path / "pipe" if what == "pipe" else Path("/dev/zero")
    if what == "pipe":
        os.mkfifo(named)
    event = {"GITHUB_EVENT_PATH": str(named), "GITHUB_REPOSITORY": "a/b"}
    env = {"GITHUB_EVENT_NAME": "push", **event} if arguments == ("doctor",) else {}
    done = qe(repo, *(argument.replace("NAMED", str(named)) for argument in arguments), **env)
    assert done.returncode == (1 if arguments == ("doctor",) else 2), done.stderr
    assert "Traceback" not in done.stderr
    if "publish" not in arguments and arguments != ("doctor",):
        assert "no file" in done.stderr


def test_a_program_s_output_may_be_the_diff_where_a_shell_puts_it_there(repo: GitRepo) -> None:
    command = f"{sys.executable} -m qe_action analyze --diff <(git diff main feature)"
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=repo.root,
        env=git_env(),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "no file" not in done.stderr
    assert "m1.py" in done.stderr


def test_a_file_is_no_folder_for_a_model_s_answers(repo: GitRepo) -> None:
    target = ("generate", "--target", "src/shop/m0.py", "--model", "m")
    done = qe(repo, *target, "--llm-cache", "src/shop/m0.py")
    assert done.returncode == 2
    assert "src/shop/m0.py is no folder. --llm-cache takes a folder" in done.stderr


def test_a_key_that_can_be_none_and_an_address_that_is_none_are_refused_unseen(
    repo: GitRepo,
) -> None:
    target = ("generate", "--target", "src/shop/m0.py", "--model", "m")
    key = qe(repo, *target, QE_MODEL_KEY="sk-Zq81 Lw0v")
    assert key.returncode == 2
    assert "QE_MODEL_KEY takes printable ASCII characters without spaces" in key.stderr
    base = qe(repo, *target, "--model-base-url", "https://me:Zq81@host/v1", QE_MODEL_KEY="Zq81")
    assert base.returncode == 2
    assert "it takes an http or https address such as http://localhost:8000/v1" in base.stderr
    for done in (key, base):
        assert "Zq81" not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
