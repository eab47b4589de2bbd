"""Of a dump of all threads the lines of the code that is tested are kept."""

from __future__ import annotations

from qe_action.execution.stack_dump import code_stack

DUMP = """\
Thread 0x00007f86 (most recent call first):
  File "/env/lib/python3.11/site-packages/execnet/gateway_base.py", line 534 in read
  File "/env/lib/python3.11/site-packages/execnet/gateway_base.py", line 411 in _perform_spawn

Current thread 0x00007f87 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait
  File "/env/lib/python3.11/site-packages/xdist/dsession.py", line 154 in loop_once
  File "/env/lib/python3.11/site-packages/_pytest/main.py", line 387 in _main
Thread 0x00007f88 (most recent call first):
  File "/p/app.py", line 6 in wait_for_ever
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

Current thread 0x00007f89 (most recent call first):
  File "/p/app.py", line 3 in work
  File "/p/test_app.py", line 9 in test_work
  File "/env/lib/python3.11/site-packages/_pytest/python.py", line 187 in pytest_pyfunc_call
  File "/env/lib/python3.11/site-packages/pluggy/_execution.py", line 147 in _multicall
"""


def test_lines_of_runner_and_of_what_waits_for_others_are_left_out() -> None:
    assert code_stack(DUMP) == (
        "Thread 0x00007f88 (most recent call first):\n"
        '  File "/p/app.py", line 6 in wait_for_ever\n'
        '  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap\n\n'
        "Current thread 0x00007f89 (most recent call first):\n"
        '  File "/p/app.py", line 3 in work\n'
        '  File "/p/test_app.py", line 9 in test_work'
    )


def test_what_is_no_dump_says_nothing() -> None:
    assert code_stack("") == ""
    assert code_stack("anything\nat all") == ""
