"""Built-in names and attributes that a generated test may use, and those that none may. Pure."""

from __future__ import annotations

import builtins
import re
from collections.abc import Mapping

_BUILTINS = (
    "abs aiter all anext any ascii bin bool bytearray bytes callable chr classmethod complex"
    " delattr dict dir divmod enumerate filter float format frozenset getattr hasattr hash hex id"
    " int isinstance issubclass iter len list map max memoryview min next object oct open ord pow"
    " print property range repr reversed round set setattr slice sorted staticmethod str sum super"
    " tuple type vars zip NotImplemented Ellipsis True False None __name__ __debug__"
)
BUILTINS = frozenset(_BUILTINS.split()) | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}
"""The built-in names that a test may use: values, their types, exceptions."""
CALLED_ONLY = frozenset({"open", "getattr", "setattr", "delattr", "vars"})
"""Of these it is looked at what they are called with; so they are no values."""

_SPECIAL = (
    "abs add aenter aexit aiter and anext await bool bytes call cause ceil class complex contains"
    " context copy deepcopy del delattr delete delitem divmod doc enter eq exit float floor"
    " floordiv format fspath ge get getitem getnewargs getstate gt hash iadd iand ifloordiv"
    " ilshift imatmul imod imul index init init_subclass int invert ior ipow irshift isub iter"
    " itruediv ixor le len length_hint lshift lt main matmul members missing mod module mul name"
    " ne neg new next notes or pos post_init pow qualname radd rand rdivmod reduce reduce_ex"
    " replace repr reversed rfloordiv rlshift rmatmul rmod rmul ror round rpow rrshift rshift rsub"
    " rtruediv rxor set set_name setattr setitem setstate sizeof slots str sub suppress_context"
    " test traceback truediv trunc version wrapped xor"
)
SPECIAL = frozenset(f"__{name}__" for name in _SPECIAL.split())
"""The attributes with two underscores around them that a test may name."""

_ANYWHERE: Mapping[str, str] = {
    "starts a process": (
        "Popen check_call check_output create_subprocess_exec create_subprocess_shell execl execle"
        " execlp execv execve execvp execvpe fork forkpty getoutput getstatusoutput popen"
        " posix_spawn posix_spawnp spawnl spawnle spawnlp spawnv spawnve spawnvp startfile"
        " subprocess multiprocessing system subprocess_exec subprocess_shell"
    ),
    "ends or stops a process": "_exit abort kill killpg",
    "talks to others": (
        "create_connection create_server create_datagram_endpoint open_connection start_server"
        " open_unix_connection socketpair urlopen urlretrieve create_unix_connection"
        " create_unix_server start_unix_server connect_accepted_socket sock_connect sock_accept"
        " sock_recv sock_recvfrom sock_sendall sock_sendto start_tls add_reader add_writer"
    ),
    "starts threads": "run_in_executor set_default_executor to_thread",
    "is interrupted": "add_signal_handler",
    "reaches the environment": "environ environb expandvars getenv getenvb putenv unsetenv",
    "reaches a module of the interpreter": "builtins ctypes importlib os shutil sys",
    "imports by another way": (
        "exec_module import_module load_extension load_module run_module run_path"
    ),
    "runs text as code": "eval exec runcode runsource",
    "looks into the interpreter": (
        "ag_code ag_frame co_code cr_code cr_frame f_back f_builtins f_code f_globals f_locals"
        " frame gi_code gi_frame mro tb_frame tb_next"
    ),
    "removes files": "removedirs rmtree",
    "changes where modules come from": "syspath_prepend",
    "plugs into pytest": "pluginmanager register_assert_rewrite",
}
ANYWHERE = {name: why for why, names in _ANYWHERE.items() for name in names.split()}
"""Attributes that no test names, whatever it is that has them, and why."""

_FIXTURES = (
    "capfd capfdbinary caplog capsys capsysbinary monkeypatch recwarn request subtests tmp_path"
    " tmp_path_factory tmpdir tmpdir_factory self cls"
)
FIXTURES = frozenset(_FIXTURES.split())
"""The parameters that every test may have: those of pytest that end with the test."""

_PYTEST = (
    "CaptureFixture CollectReport ExceptionInfo FixtureLookupError FixtureRequest LogCaptureFixture"
    " MonkeyPatch Parser RaisesExc RaisesGroup TempPathFactory UsageError WarningsRecorder approx"
    " deprecated_call fail fixture mark param raises warns importorskip skip xfail Subtests"
    " TempdirFactory"
)
PYTEST = frozenset(_PYTEST.split())
"""What a test may use of pytest; whatever skips is another gate's."""
_WARNING = re.compile(r"Pytest\w*Warning")

_THIRD: Mapping[str, str] = {
    "requests": "get post put patch delete head options request Session session",
    "httpx": "get post put patch delete head options request stream Client AsyncClient",
    "urllib3": "PoolManager request HTTPConnectionPool HTTPSConnectionPool ProxyManager",
    "aiohttp": "ClientSession request",
    "yaml": "load load_all full_load full_load_all unsafe_load unsafe_load_all Loader FullLoader"
    " UnsafeLoader CLoader CFullLoader CUnsafeLoader",
    "numpy": "load loadtxt genfromtxt fromfile fromregex memmap save savez savez_compressed savetxt"
    " ctypeslib f2py distutils",
    "pandas": "read_csv read_pickle read_json read_excel read_table read_parquet read_feather"
    " read_hdf read_sql read_html read_xml read_fwf eval",
}
_NEVER_THIRD = (
    "asyncssh boto boto3 botocore cffi cloudpickle dill docker execnet fabric gevent grpc invoke"
    " joblib jsonpickle paramiko pexpect playwright plumbum psutil ptyprocess pycurl selenium sh"
    " websocket websockets xdist zmq"
)
NEVER_IMPORTED = frozenset(_NEVER_THIRD.split())
"""Libraries that start programs, talk, or make objects of text by running it."""
LIBRARIES = NEVER_IMPORTED | _THIRD.keys()
"""All libraries of which something or all is refused."""


def third_party(name: str) -> bool:
    """Whether a dotted name is one of a library that talks, or reads files or code."""
    top, _, rest = name.partition(".")
    names = _THIRD.get(top, "").split()
    parts = rest.split(".")
    return top in NEVER_IMPORTED or (parts[0] in names or parts[-1] in names)


def of_pytest(name: str) -> bool:
    """Whether a test may use it: a dotted name that begins with `pytest`."""
    word = name.split(".")[1] if "." in name else ""
    return not word or word in PYTEST or bool(_WARNING.fullmatch(word))
