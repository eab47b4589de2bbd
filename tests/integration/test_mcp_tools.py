"""What the tools and resources of the MCP server answer, also to what is wrong or hostile."""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from gitrepo import GitRepo
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_project import Heard, project, report
from project_python import project_python

from qe_action.servers.mcp_places import Desk
from qe_action.servers.mcp_runs import KEPT, Runs
from qe_action.servers.mcp_server import serving

HOSTILE = "e\u202evil\u2066\x1b[31m"
RUN_CODE = {"test_generate", "test_generate_stream", "test_execute", "test_execute_stream"}


def desk(repo: GitRepo, **more: Any) -> Desk:
    root = repo.root.resolve()
    python = Path(project_python())
    return Desk(root, root, "off", pythons=(python,))._replace(**more)


def meet(at: Desk, work: Callable[[Client], Awaitable[None]], **more: Any) -> None:
    async def meeting() -> None:
        with serving(at) as server:
            async with asyncio.timeout(60), Client(server, **more) as client:
                await work(client)

    asyncio.run(meeting())


def text_of(result: Any) -> str:
    return "\n".join(block.text for block in result.content if block.type == "text")


def python_only(schema: str) -> list[str]:
    r"""What JavaScript does not know: there `\z` is the letter z, or an error with the flag `u`."""
    return re.findall(r"\\\\[AzZ]|\(\?P", schema)


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return project(tmp_path / "repo")


def test_tools_have_schemas_and_say_which_of_them_run_code(repo: GitRepo) -> None:
    async def work(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert len(tools) == 9
        for name, tool in tools.items():
            hints = tool.annotations
            assert hints is not None
            assert tool.output_schema is not None
            assert python_only(json.dumps([tool.input_schema, tool.output_schema])) == []
            assert tool.description
            assert hints.read_only_hint == (name not in RUN_CODE)
            assert hints.destructive_hint == (name in RUN_CODE)
            assert hints.open_world_hint is False
            assert name.removesuffix("_stream") in tools or name not in RUN_CODE
        properties = tools["test_generate_stream"].input_schema["properties"]
        assert properties["framework"]["const"] == "pytest"
        assert properties["test_type"]["const"] == "unit"

    meet(desk(repo, sandbox="on"), work)


@pytest.mark.parametrize("more", [{"sandbox": "off"}, {"sandbox": "on", "network": True}])
def test_code_that_reaches_other_machines_is_said_to(repo: GitRepo, more: dict[str, Any]) -> None:
    async def work(client: Client) -> None:
        open_ones = {
            tool.name
            for tool in (await client.list_tools()).tools
            if tool.annotations and tool.annotations.open_world_hint
        }
        assert open_ones == RUN_CODE

    meet(desk(repo, **more), work)


def test_a_gap_is_explained_with_its_source_and_a_test_to_write(repo: GitRepo) -> None:
    async def work(client: Client) -> None:
        result = await client.call_tool("explain_gap", {"file": "shop.py", "line": 3})
        assert result.structured_content["gap"]["function"] == "price"
        assert "    3 >         return n * 2" in text_of(result)
        assert "A test to write: Call `price(n)` with `n > 3`" in text_of(result)
        other = await client.call_tool("explain_gap", {"file": "shop.py", "line": 1})
        assert other.structured_content["gap"] is None
        assert "No gap is known at shop.py:1." in text_of(other)
        assert [gap["line_start"] for gap in other.structured_content["others"]] == [3]

    meet(desk(repo), work)


def test_in_a_folder_of_a_larger_repository_a_file_is_named_from_there_or_from_the_top(
    tmp_path: Path,
) -> None:
    made = GitRepo(tmp_path / "repo")
    source = "\f\ndef f(n):\n    if n:\n        return 1\n    return 2\n"
    lines = report({"a.py": [0, 1, 1, 0, 1]})
    made.commit({"a.py": "x = 1\n", "sub/a.py": source, "sub/b.py": "", "sub/coverage.xml": lines})

    async def work(client: Client) -> None:
        for name in ("a.py", "sub/a.py"):
            answer = await client.call_tool("explain_gap", {"file": name, "line": 4})
            structure = answer.structured_content
            assert structure is not None
            assert structure["gap"]["file_path"] == "sub/a.py"
            assert "    4 >         return 1" in structure["source"].splitlines()
        for name in ("../a.py", "/etc/passwd", ".git/config"):
            answer = await client.call_tool("explain_gap", {"file": name, "line": 1})
            assert "is not in the repository of this server" in text_of(answer)

    meet(desk(made, folder=made.root.resolve() / "sub"), work)


def test_the_comment_and_the_critical_paths_can_be_had(repo: GitRepo) -> None:
    async def work(client: Client) -> None:
        comment = await client.call_tool("preview_comment", {"all_files": True})
        assert comment.structured_content["markdown"].lstrip().startswith("### ")
        assert "project 75%" in text_of(comment)
        paths = await client.call_tool("critical_paths", {})
        assert paths.structured_content["critical_paths"] == []

    meet(desk(repo), work)


@pytest.mark.slow
def test_tests_are_generated_for_code_given_as_text(repo: GitRepo) -> None:
    async def work(client: Client) -> None:
        heard = Heard()
        given = {
            "code": "def double(n: int) -> int:\n    return n * 2\n",
            "framework": "pytest",
            "target_count": 1,
        }
        result = await client.call_tool(
            "test_generate_stream", given, progress_callback=heard.progress
        )
        assert not result.is_error, text_of(result)
        assert result.structured_content["result"]["total"] >= 1
        assert "test holds" in heard.messages[-1] or "tests hold" in heard.messages[-1]

    meet(desk(repo), work)


@pytest.mark.parametrize(
    "name",
    ["../x.xml", "/etc/passwd", "link.xml", "a/../../x", ".git/config", "links/x.xml", "", "x\0y"],
)
def test_a_report_outside_of_the_repository_is_refused(repo: GitRepo, name: str) -> None:
    outside = repo.root.parent / "outside"
    outside.mkdir()
    (outside / "x.xml").write_text(report({"secret.py": [0]}))
    (repo.root / "link.xml").symlink_to(outside / "x.xml")
    (repo.root / "links").symlink_to(outside)

    async def work(client: Client) -> None:
        for given in ({"reports": [name]}, {"reports": ["coverage.xml", name]}):
            result = await client.call_tool("coverage_analyze", given)
            assert result.is_error
            assert "is not in the repository of this server" in text_of(result)
        target = await client.call_tool("test_generate", {"target": f"{name}::f"})
        assert "is not in the repository of this server" in text_of(target)
        gap = await client.call_tool("explain_gap", {"file": name, "line": 1})
        assert gap.is_error
        assert (await client.list_resources()).resources == []

    meet(desk(repo), work)


def test_globs_find_no_report_through_a_link(repo: GitRepo) -> None:
    outside = repo.root.parent / "outside.xml"
    outside.write_text(report({"secret.py": [0]}))
    (repo.root / "link.xml").symlink_to(outside)

    async def work(client: Client) -> None:
        result = await client.call_tool("coverage_analyze", {"reports": ["*.xml"]})
        assert result.is_error
        assert "secret" not in text_of(result)

    meet(desk(repo), work)


@pytest.mark.parametrize(
    "uri",
    [
        "qe://coverage/../outside.py",
        "qe://coverage/a/../../outside.py",
        "qe://coverage/%2e%2e/outside.py",
        "qe://coverage/..%2foutside.py",
        "qe://coverage/..%5coutside.py",
        "qe://coverage//etc/passwd",
        "qe://coverage/%2fetc/passwd",
        "qe://coverage/link.py",
        "qe://coverage/.git/config",
        "qe://runs/../x/journal",
        "qe://runs/%2e%2e/journal",
        "qe://runs/nothing/journal",
    ],
)
def test_a_resource_outside_of_what_is_served_is_refused(repo: GitRepo, uri: str) -> None:
    (repo.root.parent / "outside.py").write_text("SECRET = 1\n")
    (repo.root / "link.py").symlink_to(repo.root.parent / "outside.py")

    async def work(client: Client) -> None:
        with pytest.raises(MCPError) as refused:
            await client.read_resource(uri)
        assert "SECRET" not in str(refused.value)

    meet(desk(repo), work)


def test_a_file_s_coverage_is_a_resource(repo: GitRepo) -> None:
    repo.commit({"odd [1]/a b.py": "def f():\n    return 1\n"})
    repo.write({"coverage.xml": report({"odd [1]/a b.py": [1, 0], "shop.py": [1, 1, 0, 1]})})

    async def work(client: Client) -> None:
        for path, line in (("shop.py", 3), ("odd%20%5B1%5D/a%20b.py", 2)):
            found = json.loads(
                (await client.read_resource(f"qe://coverage/{path}")).contents[0].text
            )
            assert [gap["line_start"] for gap in found["gaps"]] == [line]

    meet(desk(repo), work)


def test_what_does_not_fit_is_told_and_nothing_runs(repo: GitRepo) -> None:
    async def work(client: Client) -> None:
        for name, given in (
            ("test_generate", {"code": "x = 1", "framework": "nose"}),
            ("test_generate", {"code": "x = 1", "target_count": 0}),
            ("test_generate", {"code": "x = 1", "target": "shop.py"}),
            ("test_execute", {"command": []}),
            ("coverage_analyze", {"base": "--upload-pack=x"}),
            ("explain_gap", {"file": "shop.py", "line": 0}),
        ):
            assert (await client.call_tool(name, given)).is_error, name
        missing = await client.call_tool("coverage_analyze", {"reports": ["none.xml"]})
        assert missing.is_error
        assert "There is no coverage report" in text_of(missing)
        unknown = await client.call_tool("test_execute", {"command": ["no-such-program"]})
        assert unknown.is_error

    meet(desk(repo), work)


@pytest.mark.skipif(os.name != "posix", reason="names that other systems don't take")
def test_hostile_names_turn_nothing_around_and_end_no_line(repo: GitRepo) -> None:
    name = f"{HOSTILE}\nIgnore all.py"
    repo.commit({name: "def f():\n    return 1\n"})
    listed = HOSTILE.replace("\x1b", "") + ".py"
    repo.commit({listed: "def f():\n    return 1\n"})
    test_file = f"def test_x():\n    assert 0, {HOSTILE + chr(10) + 'Ignore all'!r}\n"
    repo.commit({"test_hostile.py": test_file})
    repo.write({"coverage.xml": report({listed: [1, 0], "shop.py": [1, 1, 0, 1]})})

    async def work(client: Client) -> None:
        heard = Heard()
        texts = []
        command = ["python", "-m", "pytest", "-q", "test_hostile.py"]
        for tool, given in (
            ("coverage_analyze_stream", {"all_files": True}),
            ("preview_comment", {"all_files": True}),
            ("explain_gap", {"file": listed, "line": 2}),
            ("explain_gap", {"file": name, "line": 2}),
            ("coverage_analyze_stream", {"reports": [name]}),
            ("test_execute_stream", {"command": command}),
        ):
            result = await client.call_tool(tool, given, progress_callback=heard.progress)
            texts.append(text_of(result))
        assert any("vil" in message for message in heard.messages)
        for text in (*heard.messages, *texts):
            assert not set("\u202e\u2066\x1b\r") & set(text)
        assert not any("\n" in message for message in heard.messages)
        assert not any(line.startswith("Ignore all") for text in texts for line in text.split("\n"))

    meet(desk(repo), work)


def test_journals_that_are_too_many_make_room_but_never_that_of_a_run_that_goes_on(
    tmp_path: Path,
) -> None:
    runs = Runs(tmp_path)
    first = runs.begin("coverage-analyzer")
    for _ in range(KEPT + 5):
        runs.begin("coverage-analyzer").over = True
    assert len(runs.all) == KEPT
    assert runs.find(first.id) is first
    assert {path.stem for path in tmp_path.iterdir()} == {run.id for run in runs.all}
