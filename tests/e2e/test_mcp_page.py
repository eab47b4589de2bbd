"""The page on the MCP server: its commands and examples, as they stand there."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from gitrepo import git_env
from mcp_project import project
from project_python import project_python
from warm_program import run_program

from qe_action.command_options import parser

PAGE = (Path(__file__).resolve().parents[2] / ".github/docs/mcp.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    return [text for kind, text in found if kind == language]


def example(name: str) -> str:
    (found,) = (code for code in blocks("python") if name in code)
    return str(found)


def run_example(code: str, folder: Path) -> str:
    env = {**os.environ, "VIRTUAL_ENV": str(Path(project_python()).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_s_example_shows_the_steps_and_the_result(tmp_path: Path) -> None:
    out = run_example(example("StdioServerParameters"), project(tmp_path / "repo").root)
    assert "  0.0% Comparing with the base\n" in out
    assert "% Gap, low: shop.py:3 in price, not covered: 1 statement\n" in out
    assert out.splitlines()[-1] == "75.0"


def test_the_example_without_a_server_finds_the_gap_and_makes_tests(tmp_path: Path) -> None:
    # On this machine the sandbox's user may not run the interpreter of these tests.
    code = example("coverage_analyze_stream(").replace(
        "target_count=2)", "target_count=1, sandbox='off')"
    )
    assert "sandbox='off'" in code
    out = run_example(code, project(tmp_path / "repo").root)
    assert out.startswith("shop.py 3\n")
    assert "def test_" in out
    assert "discount(" in out


def test_every_command_of_the_page_is_one() -> None:
    commands = [
        line for block in blocks("") for line in block.splitlines() if line.startswith("qe-action ")
    ]
    assert len(commands) == 3
    for command in commands:
        parser().parse_args(shlex.split(command)[1:])


@pytest.mark.parametrize(
    ("client", "file", "key"),
    [
        ("vscode", ".vscode/mcp.json", "servers"),
        ("claude", ".mcp.json", "mcpServers"),
        ("cursor", ".cursor/mcp.json", "mcpServers"),
    ],
)
def test_the_printed_configuration_starts_a_server(
    tmp_path: Path, client: str, file: str, key: str
) -> None:
    done = run_program(("mcp", "--print-config", client), tmp_path, git_env())
    assert done.returncode == 0
    assert done.stderr == f"Paste it into {file}.\n"
    server = json.loads(done.stdout)[key]["qe-action"]
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}}
    hello["clientInfo"] = {"name": client, "version": "1"}
    request = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}
    if client != "vscode":  # all three start the same
        assert server["args"][-1] == str(tmp_path)
        return
    answered = subprocess.run(
        [server["command"], *server["args"]],
        cwd="/", env=git_env(), input=json.dumps(request) + "\n",
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    result = json.loads(answered.stdout)["result"]
    assert result["serverInfo"]["name"] == "qe-action"
    assert result["protocolVersion"] == "2025-06-18"


def test_the_printed_configuration_runs_nothing_of_the_checkout(tmp_path: Path) -> None:
    done = run_program(("mcp", "--print-config", "claude"), tmp_path, git_env())
    server = json.loads(done.stdout)["mcpServers"]["qe-action"]
    (tmp_path / "qe_action").mkdir()
    (tmp_path / "qe_action" / "__init__.py").touch()
    (tmp_path / "qe_action" / "__main__.py").write_text("open('ran', 'w').close()")
    subprocess.run(
        [server["command"], *server["args"]],
        cwd=tmp_path, env=git_env(), input="", capture_output=True, text=True, timeout=60,
        check=True,
    )  # fmt: skip
    assert not (tmp_path / "ran").exists()


def test_a_configuration_for_http_holds_no_token(tmp_path: Path) -> None:
    variables = {
        "vscode": "${input:qe-mcp-token}",
        "claude": "${QE_MCP_TOKEN}",
        "cursor": "${env:QE_MCP_TOKEN}",
    }
    for client, variable in variables.items():
        words = ("mcp", "--http", "8765", "--print-config", client)
        whole = json.loads(run_program(words, tmp_path, git_env()).stdout)
        server = (whole.get("servers") or whole["mcpServers"])["qe-action"]
        assert server == {
            "type": "http",
            "url": "http://127.0.0.1:8765/mcp",
            "headers": {"Authorization": f"Bearer {variable}"},
        }


def test_without_the_extra_it_says_how_to_get_it(tmp_path: Path) -> None:
    """An interpreter that finds what we need but for the SDK."""
    code = (
        "import sys\n"
        "sys.modules['mcp'] = None\n"
        "from qe_action.cli import main\n"
        "sys.exit(main(['mcp']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, env=git_env(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "pip install 'qe-action[mcp] @ git+https://" in done.stderr
    assert len(done.stderr.splitlines()) == 1
