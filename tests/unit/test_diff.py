"""Diffs and the map of lines between two trees."""

from __future__ import annotations

import codecs
import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qe_action.analysis.diff import (
    PullFile,
    diff_from_patches,
    diff_in_tree,
    parse_diff,
)
from qe_action.analysis.diff_text import diff_text
from qe_action.analysis.line_map import LineMap
from qe_action.analysis.patch import unquote
from qe_action.errors import QEError

MODIFIED = """\
diff --git a/src/x.py b/src/x.py
index 1111111..2222222 100644
--- a/src/x.py
+++ b/src/x.py
@@ -3,0 +4,2 @@ def f():
+one
+two
@@ -9 +11 @@ def g():
-old
+new
@@ -20,2 +21,0 @@
-gone
-gone
"""


def test_added_and_changed_lines_are_those_of_the_new_file() -> None:
    change = parse_diff(MODIFIED).files["src/x.py"]
    assert change.added == {4, 5, 11}
    assert (change.removed, change.status, change.old_path) == (3, "modified", None)


def test_context_lines_are_not_added_and_an_empty_context_line_counts() -> None:
    hunk = "@@ -1,4 +1,5 @@\n one\n\n+new\n three\n-four\n+vier\n"
    text = f"diff --git a/x b/x\n--- a/x\n+++ b/x\n{hunk}"
    assert parse_diff(text).added("x") == {3, 5}


def test_nothing_is_added_to_a_file_outside_the_diff() -> None:
    diff = parse_diff(MODIFIED)
    assert diff.added("src/y.py") == frozenset()
    assert diff.incomplete == 0


@pytest.mark.parametrize("text", ["", "\n", "  \n\n"])
def test_an_empty_text_is_an_empty_diff(text: str) -> None:
    assert not parse_diff(text).files


def test_lines_that_look_like_headers_stay_lines() -> None:
    """`-- a/y` removed and `++ b/y` added read as `--- a/y` and `+++ b/y`."""
    text = (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,4 @@\n--- a/y\n--- a/y\n+++ b/y\n"
        "+diff --git a/z b/z\n+@@ -1 +1 @@\n+++ b/q\n@@ -9,0 +12 @@\n+tail\n"
    )
    diff = parse_diff(text)
    assert list(diff.files) == ["x"]
    assert diff.added("x") == {1, 2, 3, 4, 12}
    assert diff.files["x"].removed == 2


def test_header_lines_of_the_next_file_are_not_swallowed() -> None:
    text = MODIFIED + MODIFIED.replace("x.py", "y.py")
    assert {path: len(c.added) for path, c in parse_diff(text).files.items()} == {
        "src/x.py": 3,
        "src/y.py": 3,
    }


@pytest.mark.parametrize("marker", ["\\ No newline at end of file", "\\ Kein Zeilenumbruch"])
def test_the_missing_newline_marker_is_no_line(marker: str) -> None:
    text = (
        f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n{marker}\n+a\n+b\n{marker}\n"
        "@@ -8,0 +10 @@\n+c\n"
    )
    assert parse_diff(text).added("x") == {1, 2, 10}


def test_a_rename_with_edits_keeps_both_names() -> None:
    text = (
        "diff --git a/old name.py b/new name.py\nsimilarity index 90%\nrename from old name.py\n"
        "rename to new name.py\nindex 1..2 100644\n--- a/old name.py\t\n+++ b/new name.py\t\n"
        "@@ -2 +2 @@\n-a\n+b\n"
    )
    change = parse_diff(text).files["new name.py"]
    assert (change.status, change.old_path, change.added) == ("renamed", "old name.py", {2})


def test_a_pure_rename_and_a_copy_add_no_lines() -> None:
    text = (
        "diff --git a/a.py b/b.py\nsimilarity index 100%\nrename from a.py\nrename to b.py\n"
        "diff --git a/c.py b/d.py\nsimilarity index 100%\ncopy from c.py\ncopy to d.py\n"
    )
    files = parse_diff(text).files
    assert [(c.path, c.old_path, c.status, c.added) for c in files.values()] == [
        ("b.py", "a.py", "renamed", frozenset()),
        ("d.py", "c.py", "copied", frozenset()),
    ]


def test_a_change_of_mode_is_a_change_without_lines() -> None:
    text = "diff --git a/run me.sh b/run me.sh\nold mode 100644\nnew mode 100755\n"
    change = parse_diff(text).files["run me.sh"]
    assert (change.status, change.added, change.lines_known) == ("modified", frozenset(), True)


def test_a_file_whose_time_stamp_alone_differs_is_no_change() -> None:
    assert not parse_diff("diff --git a/x b/x\n").files


def test_empty_files_added_and_deleted_have_no_lines() -> None:
    text = (
        "diff --git a/a b.txt b/a b.txt\nnew file mode 100644\nindex 0000000..e69de29\n"
        "diff --git a/gone b/gone\ndeleted file mode 100644\nindex e69de29..0000000\n"
    )
    files = parse_diff(text).files
    assert [(c.path, c.status) for c in files.values()] == [
        ("a b.txt", "added"),
        ("gone", "deleted"),
    ]


def test_a_deleted_file_is_found_by_its_old_name() -> None:
    text = (
        "diff --git a/x.py b/x.py\ndeleted file mode 100644\nindex 1..0\n--- a/x.py\n"
        "+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n"
    )
    change = parse_diff(text).files["x.py"]
    assert (change.status, change.added, change.removed) == ("deleted", frozenset(), 2)


def test_binary_files_have_no_lines() -> None:
    text = (
        "diff --git a/i.png b/i.png\nindex 1..2 100644\nBinary files a/i.png and b/i.png differ\n"
        "diff --git a/j.png b/j.png\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZ\n\n"
        + MODIFIED
    )
    diff = parse_diff(text)
    assert [c.binary for c in diff.files.values()] == [True, True, False]
    assert diff.incomplete == 0


@pytest.mark.parametrize("mode", ["160000", "120000"])
def test_submodules_and_symbolic_links_have_no_source_lines(mode: str) -> None:
    text = (
        f"diff --git a/s b/s\nindex 1..2 {mode}\n--- a/s\n+++ b/s\n@@ -1 +1 @@\n"
        "-Subproject commit 1\n+Subproject commit 2\n"
        f"diff --git a/t b/t\nnew file mode {mode}\nindex 0..2\n--- /dev/null\n+++ b/t\n"
        "@@ -0,0 +1 @@\n+target\n"
    )
    assert all(c.binary and not c.added for c in parse_diff(text).files.values())


def test_a_file_that_becomes_a_link_is_one_modified_entry() -> None:
    text = (
        "diff --git a/x b/x\ndeleted file mode 120000\nindex 1..0\n--- a/x\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-y\n\\ No newline at end of file\n"
        "diff --git a/x b/x\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/x\n"
        "@@ -0,0 +1,2 @@\n+a\n+b\n"
    )
    change = parse_diff(text).files["x"]
    assert (change.status, change.added) == ("modified", {1, 2})


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ('"a/\\303\\251.py" "b/\\303\\251.py"', "é.py"),
        ('"a/q\\"uo\\\\te.py" "b/q\\"uo\\\\te.py"', 'q"uo\\te.py'),
        ('"a/t\\ta\\nb.py" "b/t\\ta\\nb.py"', "t\ta\nb.py"),
        ("a/with b/x.py b/with b/x.py", "with b/x.py"),
        ("a/naïve ü.py b/naïve ü.py", "naïve ü.py"),
        ('"a/\\377.py" "b/\\377.py"', "\ufffd.py"),
        ("x y.py x y.py", "x y.py"),
        ("i/x.py w/x.py", "x.py"),
        ("b/a/x.py a/a/x.py", "a/x.py"),
    ],
)
def test_names_are_read_as_git_writes_them(header: str, path: str) -> None:
    """Quoted, with blanks, without prefixes, with mnemonic and with reversed ones."""
    text = f"diff --git {header}\nold mode 100644\nnew mode 100755\n"
    assert list(parse_diff(text).files) == [path]


def test_quoted_names_of_a_rename_are_unquoted() -> None:
    text = (
        'diff --git "a/\\303\\244.py" b/plain.py\nsimilarity index 100%\n'
        'rename from "\\303\\244.py"\nrename to plain.py\n'
    )
    assert parse_diff(text).files["plain.py"].old_path == "ä.py"


def test_names_without_rename_lines_come_from_the_file_headers() -> None:
    text = "diff --git a/one/x.py b/two/x.py\n--- a/one/x.py\n+++ b/two/x.py\n@@ -1 +1 @@\n-a\n+b\n"
    change = parse_diff(text).files["two/x.py"]
    assert (change.status, change.old_path, change.added) == ("renamed", "one/x.py", {1})


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")))
def test_a_c_quoted_name_is_unquoted_to_itself(name: str) -> None:
    octal = "".join(f"\\{byte:03o}" for byte in name.encode())
    assert unquote(f'"{octal}"') == name


def test_a_plain_unified_diff_is_read_too() -> None:
    text = (
        "--- old/x.py\t2024-01-01 00:00:00\n+++ old/x.py\t2024-01-02 00:00:00\n@@ -1 +1,2 @@\n"
        "-a\n+++ b/y\n+c\n--- /dev/null\n+++ b/new.py\n@@ -0,0 +1 @@\n+a\n"
    )
    diff = parse_diff(text)
    assert diff.added("old/x.py") == {1, 2}
    assert diff.files["new.py"].status == "added"


def test_a_diff_converted_to_dos_line_ends_is_the_same_diff() -> None:
    assert parse_diff(MODIFIED.replace("\n", "\r\n")) == parse_diff(MODIFIED)


@pytest.mark.parametrize(
    ("mark", "encoding"),
    [
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"),
        (codecs.BOM_UTF8, "utf-8"),
        (b"", "utf-8"),
        (b"", "utf-16-le"),
        (b"", "utf-16-be"),
    ],
)
@pytest.mark.parametrize("content_end", ["", "\r"])
def test_a_diff_is_the_same_in_whatever_encoding_a_shell_writes_it(
    mark: bytes, encoding: str, content_end: str
) -> None:
    """PowerShell ends all lines in CR LF and drops what the file's own lines ended in."""
    text = MODIFIED.replace("\n", "\r\n")
    assert parse_diff(diff_text(mark + text.encode(encoding))) == parse_diff(MODIFIED)
    raw = "".join(
        f"{line}{content_end if line[:1] in '+- ' and line[:3] not in ('+++', '---') else ''}\n"
        for line in MODIFIED.splitlines()
    )
    assert parse_diff(diff_text(mark + raw.encode(encoding))) == parse_diff(MODIFIED)


@given(st.binary(max_size=70))
def test_any_bytes_are_text(data: bytes) -> None:
    assert isinstance(diff_text(data), str)


def test_carriage_returns_in_content_split_no_lines() -> None:
    text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\rb\r\n+c\x0cd\u2028e\r\n"
    assert parse_diff(text).added("x") == {1, 2}


def test_text_around_the_diff_is_skipped() -> None:
    """A commit message before and a mail signature after."""
    text = f"commit {'a' * 40}\n\n    --- a/y\n\n{MODIFIED}-- \n2.39.5\n\n"
    assert parse_diff(text) == parse_diff(MODIFIED)


@pytest.mark.parametrize(
    "text",
    [
        "this is no diff\n",
        MODIFIED.replace("@@ -3,0 +4,2 @@", "@@ -3,0 +4,1 @@"),
        MODIFIED.replace("@@ -3,0 +4,2 @@", "@@ -3,0 +4,3 @@"),
        MODIFIED.replace("@@ -9 +11 @@", "@@ -9 +2 @@"),
        MODIFIED.replace("@@ -9 +11 @@", f"@@ -9 +{'9' * 5000} @@"),
        MODIFIED[:-8],
        "diff --git a/../../etc/passwd b/../../etc/passwd\nold mode 100644\nnew mode 100755\n",
        "diff --git nonsense\n@@ -1 +1 @@\n-a\n+b\n",
        "diff --cc x.py\nindex 1,2..3\n--- a/x.py\n+++ b/x.py\n@@@ -1,1 -1,1 +1,1 @@@\n++a\n",
        f"commit {'a' * 40}\n\n{MODIFIED}commit {'b' * 40}\n\n{MODIFIED}",
    ],
)
def test_a_garbled_diff_is_a_clear_error(text: str) -> None:
    with pytest.raises(QEError, match="The diff can't be read"):
        parse_diff(text)


@given(st.lists(st.sampled_from([*MODIFIED.splitlines(), "", "+", "@@ -1 +1 @@", '"', "\\"])))
def test_no_shuffled_diff_crashes(lines: list[str]) -> None:
    try:
        diff = parse_diff("\n".join(lines))
    except QEError:
        return
    assert all(line > 0 for change in diff.files.values() for line in change.added)


def test_patches_of_the_files_list_give_the_same_lines() -> None:
    patch = MODIFIED.partition("+++ b/src/x.py\n")[2].rstrip("\n")
    diff = diff_from_patches([PullFile("src/x.py", "modified", patch, additions=3, deletions=3)])
    assert diff == parse_diff(MODIFIED)


def test_missing_cut_and_garbled_patches_leave_the_lines_unknown() -> None:
    patch = "@@ -0,0 +1 @@\n+a"
    diff = diff_from_patches(
        [
            PullFile("large.py", "modified", None, additions=9000),
            PullFile("cut.py", "modified", patch, additions=2),
            PullFile("garbled.py", "modified", "@@ nonsense", additions=1),
            PullFile("image.png", "added"),
            PullFile("new.py", "renamed", None, "old.py"),
            PullFile("gone.py", "removed", "@@ -1 +0,0 @@\n-a", deletions=1),
        ]
    )
    known = {path: change.lines_known for path, change in diff.files.items()}
    assert known == {
        "large.py": False,
        "cut.py": False,
        "garbled.py": False,
        "image.png": True,
        "new.py": True,
        "gone.py": True,
    }
    assert diff.incomplete == 3
    assert diff.files["new.py"].old_path == "old.py"
    assert diff.files["gone.py"].status == "deleted"


def moved(lines: int, *, at: int = 1) -> str:
    """A diff that inserts `lines` lines before line `at` of f.py."""
    body = "+new\n" * lines
    return (
        f"diff --git a/f.py b/f.py\n--- a/f.py\n+++ b/f.py\n@@ -{at - 1},0 +{at},{lines} @@\n{body}"
    )


def test_lines_shift_back_to_the_head() -> None:
    line_map = LineMap.from_diff(moved(7, at=10))
    assert line_map.to_head("f.py", 9) == ("f.py", 9)
    assert line_map.to_head("f.py", 12) is None
    assert line_map.range_to_head("f.py", 48, 51) == ("f.py", 41, 44)
    assert line_map.to_head("other.py", 12) == ("other.py", 12)


def test_a_range_loses_what_the_head_lacks() -> None:
    line_map = LineMap.from_diff(moved(2, at=10))
    assert line_map.range_to_head("f.py", 8, 13) == ("f.py", 8, 11)
    assert line_map.range_to_head("f.py", 10, 11) is None
    assert line_map.range_to_head("f.py", 11, 12) == ("f.py", 10, 10)


def test_a_range_that_the_merge_joined_keeps_its_longest_part() -> None:
    """Ten lines of the head between two parts went in the merge: they were not measured."""
    gone = "-x\n" * 10
    text = f"diff --git a/f.py b/f.py\n--- a/f.py\n+++ b/f.py\n@@ -5,10 +4,0 @@\n{gone}"
    line_map = LineMap.from_diff(text)
    assert line_map.range_to_head("f.py", 3, 4) == ("f.py", 3, 4)
    assert line_map.range_to_head("f.py", 3, 9) == ("f.py", 15, 19)


def test_renames_deletions_and_new_files_between_the_trees() -> None:
    text = (
        "diff --git a/a.py b/b.py\nsimilarity index 90%\nrename from a.py\nrename to b.py\n"
        "--- a/a.py\n+++ b/b.py\n@@ -0,0 +1 @@\n+top\n"
        "diff --git a/n.py b/n.py\nnew file mode 100644\n--- /dev/null\n+++ b/n.py\n"
        "@@ -0,0 +1 @@\n+a\n"
        "diff --git a/d.py b/d.py\ndeleted file mode 100644\n--- a/d.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-a\n"
        "diff --git a/i.bin b/i.bin\nindex 1..2 100644\nBinary files a/i.bin and b/i.bin differ\n"
    )
    line_map = LineMap.from_diff(text)
    assert line_map.to_head("b.py", 2) == ("a.py", 1)
    assert line_map.to_head("a.py", 2) is None
    assert line_map.to_head("n.py", 1) is None
    assert line_map.to_head("i.bin", 1) is None
    assert line_map.measured_path("a.py") == "b.py"
    assert line_map.measured_path("d.py") is None
    assert line_map.to_measured("a.py", [1, 2]) == {2, 3}
    assert line_map.to_measured("i.bin", [1]) is None


@pytest.mark.parametrize(("start", "end"), [(0, 3), (5, 4), (-2, -1)])
def test_an_absurd_range_has_no_place(start: int, end: int) -> None:
    assert LineMap.identity().range_to_head("f.py", start, end) is None


def test_head_lines_are_told_in_the_measured_tree() -> None:
    files = [
        PullFile("f.py", "modified", "@@ -40,0 +41 @@\n+a", additions=1),
        PullFile("same.py", "modified", "@@ -1,0 +2 @@\n+a", additions=1),
    ]
    diff = diff_in_tree(diff_from_patches(files), LineMap.from_diff(moved(7, at=10)))
    assert diff.added("f.py") == {48}
    assert diff.added("same.py") == {2}


def test_without_a_map_head_lines_are_unknown_rather_than_wrong() -> None:
    files = [PullFile("f.py", "modified", "@@ -40,0 +41 @@\n+a", additions=1)]
    diff = diff_in_tree(diff_from_patches(files), None)
    assert diff.added("f.py") == frozenset()
    assert diff.incomplete == 1


words = st.lists(st.sampled_from("abcdefg"), max_size=30).map(
    # Every line occurs once, so a line's text tells which one it is.
    lambda letters: [f"{letter}{letters[:at].count(letter)}\n" for at, letter in enumerate(letters)]
)


@given(words, words, st.integers(0, 3))
def test_mapped_lines_are_the_same_lines(head: list[str], measured: list[str], around: int) -> None:
    """Every measured line is either added by the diff or stands at the head with its text."""
    text = "".join(difflib.unified_diff(head, measured, "a/f", "b/f", n=around))
    line_map = LineMap.from_diff(text)
    diff = parse_diff(text)
    kept = []
    for number, line in enumerate(measured, start=1):
        found = line_map.to_head("f", number)
        assert (found is None) == (number in diff.added("f"))
        if found:
            assert head[found[1] - 1] == line
            assert line_map.to_measured("f", [found[1]]) == {number}
            kept.append(found[1])
    assert kept == sorted(set(kept))
    assert len(kept) == len(measured) - len(diff.added("f"))


@given(words, words, st.integers(1, 30), st.integers(0, 10))
def test_a_mapped_range_begins_and_ends_with_measured_lines(
    head: list[str], measured: list[str], start: int, length: int
) -> None:
    end = min(start + length, len(measured))
    text = "".join(difflib.unified_diff(head, measured, "a/f", "b/f", n=0))
    line_map = LineMap.from_diff(text)
    lines = [line_map.to_head("f", number) for number in range(start, end + 1)]
    mapped = [found[1] for found in lines if found]
    found = line_map.range_to_head("f", start, end)
    assert (found is None) == (not mapped)
    if found:
        assert {found[1], found[2]} <= set(mapped)


def test_two_entries_of_one_name_leave_its_lines_unknown() -> None:
    """Names that differ only in bytes that are no UTF-8 fall together."""
    part = 'diff --git "a/\\{0}.py" "b/\\{0}.py"\n--- "a/\\{0}.py"\n+++ "b/\\{0}.py"\n'
    hunk = "@@ -0,0 +{1} @@\n+a\n"
    diff = parse_diff((part + hunk).format("377", 1) + (part + hunk).format("376", 2))
    assert diff.added("\ufffd.py") == frozenset()
    assert diff.incomplete == 1
    line_map = LineMap.from_diff((part + hunk).format("377", 1) + (part + hunk).format("376", 2))
    assert line_map.to_head("\ufffd.py", 9) is None


def test_listed_files_that_the_merge_lacks_or_hides() -> None:
    """One deleted by the base, one whose change to the merge is binary, one deleted itself."""
    line_map = LineMap.from_diff(
        "diff --git a/gone.py b/gone.py\ndeleted file mode 100644\n--- a/gone.py\n+++ /dev/null\n"
        "@@ -1 +0,0 @@\n-a\n"
        "diff --git a/b.py b/b.py\nindex 1..2 100644\nBinary files a/b.py and b/b.py differ\n"
    )
    patch = "@@ -0,0 +1 @@\n+a"
    listed = [
        PullFile("gone.py", "modified", patch, additions=1),
        PullFile("b.py", "modified", patch, additions=1),
        PullFile("old.py", "removed", "@@ -1 +0,0 @@\n-a", deletions=1),
    ]
    diff = diff_in_tree(diff_from_patches(listed), line_map)
    assert {path: (change.status, change.lines_known) for path, change in diff.files.items()} == {
        "b.py": ("modified", False),
        "old.py": ("deleted", True),
    }
