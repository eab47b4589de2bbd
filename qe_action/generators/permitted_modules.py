"""What a generated test may import of the standard library, and the names it may use there. Pure.

A test that is committed runs later in the project's own CI, outside of any sandbox. So this is a
list of what is permitted: a module that is not in it is refused, unless the project's tests import
it already; those of `NEVER` are refused even then.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping

_WHOLE: Mapping[str, str] = {
    "makes and compares values": (
        "abc array bisect calendar cmath collections colorsys copy datetime decimal enum fractions"
        " graphlib heapq ipaddress itertools math numbers random statistics zoneinfo"
    ),
    "reads and writes text and bytes in memory": (
        "base64 binascii csv difflib fnmatch hashlib hmac html json keyword pprint re stringprep"
        " struct textwrap unicodedata urllib.parse zlib"
    ),
    "says what code is, and makes small stand-ins": (
        "__future__ contextlib dataclasses operator warnings weakref"
    ),
}
"""Modules of which everything may be used, by what they do."""
_PARTS: Mapping[str, str] = {
    "argparse": "ArgumentError ArgumentParser ArgumentTypeError Namespace SUPPRESS REMAINDER",
    "ast": "AST Add Assign Attribute BinOp Call Constant Expr Expression FunctionDef Load Module"
    " Name Store dump literal_eval parse unparse walk",
    "asyncio": "CancelledError Condition Event Future IncompleteReadError InvalidStateError Lock"
    " Queue QueueEmpty QueueFull Semaphore Task TaskGroup TimeoutError create_task gather"
    " get_running_loop iscoroutine iscoroutinefunction run timeout wait wait_for",
    "bz2": "compress decompress",
    "codecs": "BOM_UTF8 BOM_UTF16 BOM_UTF16_BE BOM_UTF16_LE CodecInfo decode encode lookup",
    "configparser": "ConfigParser DuplicateOptionError DuplicateSectionError Error NoOptionError"
    " NoSectionError ParsingError RawConfigParser SectionProxy",
    "email": "errors header message message_from_bytes message_from_string policy utils",
    "email.utils": "format_datetime formataddr formatdate parseaddr parsedate_to_datetime",
    "functools": "WRAPPER_ASSIGNMENTS cache cached_property cmp_to_key lru_cache partial"
    " partialmethod reduce total_ordering wraps",
    "gzip": "BadGzipFile compress decompress",
    "http": "HTTPMethod HTTPStatus",
    "inspect": "Parameter Signature isabstract isasyncgen isasyncgenfunction isawaitable isclass"
    " iscoroutine iscoroutinefunction isfunction isgenerator isgeneratorfunction ismethod"
    " signature",
    "io": "BufferedReader BufferedWriter BytesIO IOBase RawIOBase SEEK_CUR SEEK_END SEEK_SET"
    " StringIO TextIOBase TextIOWrapper UnsupportedOperation",
    "logging": "CRITICAL DEBUG ERROR Filter Formatter Handler INFO LogRecord Logger LoggerAdapter"
    " NOTSET NullHandler StreamHandler WARNING getLevelName getLogger makeLogRecord",
    "lzma": "LZMAError compress decompress",
    "os": "PathLike access altsep chmod curdir extsep fsdecode fsencode fspath linesep link listdir"
    " lstat makedirs mkdir name pardir path pathsep readlink remove rename replace rmdir scandir"
    " sep stat stat_result strerror symlink truncate unlink utime walk",
    "pathlib": "Path PosixPath PurePath PurePosixPath PureWindowsPath WindowsPath",
    "pickle": "HIGHEST_PROTOCOL PickleError PicklingError UnpicklingError dumps",
    "queue": "Empty Full LifoQueue PriorityQueue Queue SimpleQueue",
    "shlex": "join quote split",
    "string": "Template ascii_letters ascii_lowercase ascii_uppercase capwords digits hexdigits"
    " octdigits printable punctuation whitespace",
    "sys": "byteorder float_info getrecursionlimit getsizeof hash_info hexversion implementation"
    " int_info intern maxsize maxunicode platform stderr stdin stdout version version_info",
    "time": "asctime ctime get_clock_info gmtime localtime mktime monotonic monotonic_ns"
    " perf_counter perf_counter_ns process_time process_time_ns strftime strptime struct_time"
    " time time_ns",
    "tomllib": "TOMLDecodeError loads",
    "traceback": "TracebackException format_exc format_exception format_exception_only",
    "types": "AsyncGeneratorType BuiltinFunctionType CoroutineType EllipsisType FunctionType"
    " GeneratorType GenericAlias LambdaType MappingProxyType MethodType ModuleType NoneType"
    " NotImplementedType SimpleNamespace TracebackType UnionType new_class",
    "typing": "Any AnyStr Awaitable Callable ClassVar Collection Concatenate Coroutine Deque Dict"
    " Final FrozenSet Generator Generic Iterable Iterator List Literal Mapping MutableMapping"
    " NamedTuple NewType NoReturn Optional ParamSpec Protocol Sequence Set"
    " SupportsFloat SupportsInt TYPE_CHECKING Tuple Type TypeVar TypedDict Union cast get_args"
    " get_origin overload runtime_checkable",
    "unittest": "IsolatedAsyncioTestCase SkipTest TestCase expectedFailure mock skip skipIf"
    " skipUnless",
    "uuid": "NAMESPACE_DNS NAMESPACE_OID NAMESPACE_URL NAMESPACE_X500 UUID uuid3 uuid4 uuid5",
    "xml": "etree",
    "xml.etree": "ElementTree",
    "xml.etree.ElementTree": "Element ParseError QName SubElement XML fromstring indent tostring",
    "zipfile": "BadZipFile LargeZipFile ZIP_DEFLATED ZIP_STORED ZipFile ZipInfo is_zipfile",
}
"""Of these the names alone that do not reach outside, or that `verify.file_access` looks after."""
_NEVER: Mapping[str, str] = {
    "starts programs": "_posixsubprocess concurrent ensurepip multiprocessing pipes popen2 posix"
    " pty subprocess venv",
    "talks to others": "_socket asynchat asyncore ftplib http.client http.cookiejar http.server"
    " imaplib nntplib poplib smtpd smtplib socket socketserver ssl telnetlib urllib.error"
    " urllib.request urllib.robotparser wsgiref xmlrpc",
    "starts threads": "_thread sched threading",
    "waits or is interrupted": "select selectors signal",
    "runs or imports code by other ways": "antigravity builtins cgi code codeop copyreg ctypes dbm"
    " imp importlib lib2to3 marshal modulefinder pkgutil pydoc runpy shelve site sitecustomize"
    " timeit usercustomize zipapp zipimport",
    "looks into the interpreter": "atexit bdb cProfile dis faulthandler gc pdb profile symtable"
    " sysconfig trace tracemalloc _tracemalloc _ast _io _imp _pickle _ctypes",
    "writes or reads files of its own": "fcntl fileinput filecmp glob linecache mmap shutil"
    " tarfile tempfile",
    "reads the machine": "getpass grp locale platform pwd resource spwd syslog",
    "opens windows": "curses idlelib this tkinter turtle webbrowser",
}
"""Modules that no test may import, by why."""

WHOLE = frozenset(" ".join(_WHOLE.values()).split())
PARTS = {module: frozenset(names.split()) for module, names in _PARTS.items()}
NEVER = frozenset(" ".join(_NEVER.values()).split())
_PACKAGES = frozenset({"http", "urllib", "xml"})
"""Packages that are nothing themselves."""
_CLASHES = frozenset({"collections.abc", "datetime.time"})
"""Names of a module that are those of another, and mean no module or a harmless one."""
_OWN = frozenset({"_asdict", "_fields", "_field_defaults", "_make", "_replace"})
_EXCEPTION = re.compile(r"[A-Z]\w*(?:Error|Exception|Warning)")
_STANDARD = sys.stdlib_module_names


def is_standard(name: str) -> bool:
    """Whether a dotted name begins with a module of the standard library."""
    return name.partition(".")[0] in _STANDARD


def never(name: str) -> bool:
    """Whether it is, or lies in, a module that no test may import."""
    return bool(_prefixes(name) & NEVER)


def is_partial(name: str) -> bool:
    """Whether it is a module of the standard library of which not everything may be used."""
    return name in _PACKAGES or (is_standard(name) and name not in WHOLE and "." not in name)


def may_use(name: str, used: frozenset[str] = frozenset()) -> bool:
    """Whether a test may import or use what a dotted name of the standard library means.

    `name` is a module, or what follows it: `os.path.join`. `used` are the modules that the
    project's tests import; of those that are listed they may use no more than others.
    """
    if never(name):
        return False
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        module, rest = ".".join(parts[:end]), parts[end:]
        if module in PARTS:
            return not rest or (rest[0] in PARTS[module] and _stays(module, rest))
        if module in WHOLE:
            return _stays(module, rest)
    if name in _PACKAGES or (len(parts) == 2 and _EXCEPTION.fullmatch(parts[1])):
        return True
    return parts[0] in used and _stays(parts[0], parts[1:])


def _stays(module: str, rest: list[str]) -> bool:
    """Whether what follows a module is its own, and no module that it has imported."""
    for at, part in enumerate(rest):
        full = ".".join((module, *rest[: at + 1]))
        if part.startswith("_") and not part.endswith("__") and part not in _OWN:
            return False
        foreign = part in _STANDARD and part != module and full not in _CLASHES
        if foreign and full not in WHOLE | PARTS.keys():
            return False
    return True


def _prefixes(name: str) -> set[str]:
    parts = name.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}
