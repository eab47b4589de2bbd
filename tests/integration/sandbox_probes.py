"""Programs that attack the sandbox, and programs that have to work in it.

An attack says `BROKEN` for everything that it got through with, and `DONE` at its end if it is
meant to reach it. The variables that it reads are set by `sandbox_driver.py`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MEGABYTE = 1 << 20

PRELUDE = """
import ctypes, errno, json, mmap, os, signal, socket, stat, subprocess, sys, time
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
machine = os.uname().machine

def attempt(name, act):
    try:
        got = act()
    except (OSError, MemoryError, ValueError) as error:
        print("refused", name, type(error).__name__, error, flush=True)
    else:
        print("BROKEN", name, str(got)[:80], flush=True)

def call(x86, arm, *arguments):
    number = x86 if machine == "x86_64" else arm
    got = libc.syscall(ctypes.c_long(number), *arguments)
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got

def forked():
    while True:
        try:
            return os.fork()
        except OSError:  # refused while too many of its user's processes live, or wait to be reaped
            time.sleep(0.005)

def pids(name):
    return [int(word) for word in os.environ[name].split()]

CHECKOUT = Path(os.environ["CHECKOUT"])
READABLE = Path(os.environ["READABLE"])
NEIGHBOUR = Path(os.environ["NEIGHBOUR"])
OUTSIDE = pids("OUTSIDE")
"""


@dataclass(frozen=True)
class Probe:
    """One program. `ends` is how its run has to end, `a or b` where either will do.

    `policy` replaces limits.
    """

    name: str
    code: str
    ends: str = "exit"
    done: bool = True
    policy: Mapping[str, Any] = field(default_factory=dict)
    check: str = ""
    """A check of the driver's afterwards: `gone` (the processes of pids.txt)."""
    own_user: bool = False
    kill_after: float = 0.0

    @property
    def program(self) -> str:
        return PRELUDE + textwrap.dedent(self.code)


ATTACKS = (
    Probe(
        "read the password hashes",
        """
        attempt("shadow", lambda: Path("/etc/shadow").read_bytes())
        attempt("gshadow", lambda: Path("/etc/gshadow").read_bytes())
        attempt("sudoers", lambda: Path("/etc/sudoers").read_bytes())
        print("DONE")
        """,
    ),
    Probe(
        "look round root's home and the machine",
        """
        for name in ("/", "/root", "/home", "/tmp", "/var", "/run", "/var/run", "/sys", "/proc",
                     "/etc", "/dev", "/dev/shm", "/github", "/github/workflow", "/opt", "/mnt"):
            attempt(name, lambda: os.listdir(name))
        print("DONE")
        """,
    ),
    Probe(
        "read the checkout's credentials, the event and a key",
        """
        for name in (".git/config", "event.json", "key.pem", "../checkout/key.pem"):
            attempt(name, lambda: (CHECKOUT / name).read_text())
        attempt("list", lambda: os.listdir(CHECKOUT))
        print("DONE")
        """,
    ),
    Probe(
        "read environment and memory of other processes",
        """
        for pid in (os.getppid(), 1, *OUTSIDE, "self", os.getpid()):
            for name in ("environ", "mem", "maps", "cmdline", "fd"):
                path = f"/proc/{pid}/{name}"
                look = os.listdir if name == "fd" else open
                attempt(path, lambda: look(path))
        buffer = ctypes.create_string_buffer(64)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 64)
        for pid in (os.getppid(), *OUTSIDE):
            attempt("process_vm_readv", lambda: call(310, 270, pid, vector, 1, vector, 1, 0))
            attempt("process_vm_writev", lambda: call(311, 271, pid, vector, 1, vector, 1, 0))
        print("DONE")
        """,
    ),
    Probe(
        "find a secret in its own environment or descriptors",
        """
        if "s3cret" in str(os.environ):
            print("BROKEN environment")
        for number in range(3, 1024):
            attempt(f"descriptor {number}", lambda: os.fstat(number))
        print("DONE")
        """,
    ),
    Probe(
        "speak to the container engine's socket",
        """
        path = str(CHECKOUT / "docker.sock")
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
            attempt("unix", lambda: socket.socket(socket.AF_UNIX, kind))
        attempt("pair of datagrams", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
            for place in (path, "/var/run/docker.sock", "\\0qe-probe"):
                one, other = socket.socketpair(socket.AF_UNIX, kind)
                attempt("reconnect", lambda: one.connect(place))
                attempt("bind", lambda: other.bind("\\0qe-probe-bound"))
                other.close()
                attempt("reconnect when closed", lambda: one.connect(place))
        print("DONE")
        """,
    ),
    Probe(
        "connect by TCP, UDP and an abstract name",
        """
        port = int(os.environ["PORT"])
        attempt("tcp", lambda: socket.create_connection(("127.0.0.1", port), 2))
        attempt("tcp6", lambda: socket.socket(socket.AF_INET6).connect(("::1", port)))
        def udp():
            one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            return one.sendto(b"x", ("127.0.0.1", port))
        attempt("udp", udp)
        attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0qe-probe"))
        attempt("listen", lambda: socket.create_server(("127.0.0.1", 0)))
        attempt("name", lambda: socket.getaddrinfo("example.com", 80))
        print("DONE")
        """,
    ),
    Probe(
        "open a socket of every other family",
        """
        for family in range(0, 48):
            for kind in (1, 2, 3, 5):
                attempt(f"family {family} type {kind}", lambda: call(41, 198, family, kind, 0))
                if family != 1:
                    pair = (ctypes.c_int * 2)()
                    attempt(f"pair {family} {kind}", lambda: call(53, 199, family, kind, 0, pair))
        print("DONE")
        """,
    ),
    Probe(
        "write outside its folder",
        """
        for path in (CHECKOUT / "new", CHECKOUT / "event.json", READABLE / "new", READABLE / "file",
                     NEIGHBOUR / "new", Path("/tmp/qe-evil"), Path("/var/tmp/qe-evil"),
                     Path("/dev/shm/qe-evil"), Path("/usr/qe-evil"), Path.cwd().parent / "qe-evil"):
            attempt(path, lambda: path.open("a").write("x"))
            attempt(f"mkdir {path}", lambda: path.with_suffix(".folder").mkdir())
        attempt("device", lambda: os.mknod("device", stat.S_IFCHR | 0o600, os.makedev(1, 1)))
        attempt("block device", lambda: os.mknod("disk", stat.S_IFBLK | 0o600, os.makedev(254, 0)))
        print("DONE")
        """,
    ),
    Probe(
        "lead out of its folder with links",
        """
        os.symlink(CHECKOUT / "key.pem", "soft")
        attempt("read through", lambda: open("soft").read())
        attempt("write through", lambda: open("soft", "w"))
        os.symlink(CHECKOUT, "folder")
        attempt("list through", lambda: os.listdir("folder"))
        attempt("hard link", lambda: os.link(CHECKOUT / "key.pem", "hard"))
        attempt("hard link of what is readable", lambda: os.link(READABLE / "file", "hard2"))
        attempt("move in", lambda: os.rename(CHECKOUT / "key.pem", "mine"))
        attempt("up", lambda: open("../checkout/key.pem").read())
        print("DONE")
        """,
    ),
    Probe(
        "delete, empty and move other files",
        """
        for folder in (CHECKOUT, READABLE, NEIGHBOUR):
            for name in ("event.json", "file"):
                attempt("unlink", lambda: (folder / name).unlink())
                attempt("truncate", lambda: os.truncate(folder / name, 0))
                attempt("rename", lambda: (folder / name).rename(folder / "gone"))
            attempt("rmdir", lambda: folder.rmdir())
            attempt("move", lambda: folder.rename("mine"))
        print("DONE")
        """,
    ),
    Probe(
        "change modes and owners of other files",
        """
        for path in (CHECKOUT, CHECKOUT / "event.json", READABLE, READABLE / "file", NEIGHBOUR):
            attempt("chmod", lambda: path.chmod(0o777))
            attempt("chmod at", lambda: call(268, 53, -100, str(path).encode(), 0o777))
            attempt("chown", lambda: os.chown(path, os.getuid(), os.getgid()))
            attempt("xattr", lambda: os.setxattr(path, "user.x", b"1"))
        opened = os.open(READABLE / "file", os.O_RDONLY)
        attempt("fchmod", lambda: os.fchmod(opened, 0o777))
        print("DONE")
        """,
    ),
    Probe(
        "read another run's files",
        """
        attempt("list", lambda: os.listdir(NEIGHBOUR))
        attempt("read", lambda: (NEIGHBOUR / "file").read_text())
        print("DONE")
        """,
    ),
    Probe(
        "trace other processes",
        """
        for pid in (os.getppid(), *OUTSIDE):
            attempt("attach", lambda: call(101, 117, 16, pid, 0, 0))
            attempt("seize", lambda: call(101, 117, 0x4206, pid, 0, 0))
        attempt("trace me", lambda: call(101, 117, 0, 0, 0, 0))
        attempt("kcmp", lambda: call(312, 272, os.getpid(), os.getppid(), 0, 0, 0))
        for pid in (os.getppid(), *OUTSIDE):
            try:
                pidfd = os.pidfd_open(pid)
            except OSError:
                continue
            attempt("pidfd_getfd", lambda: call(438, 438, pidfd, 0, 0))
            attempt("process_madvise", lambda: call(440, 440, pidfd, 0, 0, 0, 0))
        print("DONE")
        """,
    ),
    Probe(
        "make namespaces and mounts",
        """
        for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000):
            attempt("unshare", lambda: call(272, 97, flag))
            attempt("clone", lambda: call(56, 220, flag | 17, 0, 0, 0, 0))
        attempt("clone3", lambda: call(435, 435, ctypes.create_string_buffer(88), 88))
        attempt("setns", lambda: call(308, 268, 0, 0))
        attempt("mount", lambda: call(165, 40, b"none", b".", b"tmpfs", 0, 0))
        attempt("umount", lambda: call(166, 39, b"/tmp", 2))
        attempt("open_tree", lambda: call(428, 428, -100, b".", 1))
        attempt("fsopen", lambda: call(430, 430, b"tmpfs", 0))
        attempt("chroot", lambda: os.chroot("."))
        attempt("pivot_root", lambda: call(155, 41, b".", b"."))
        attempt("by handle", lambda: call(304, 265, -100, ctypes.create_string_buffer(64), 0))
        print("DONE")
        """,
    ),
    Probe(
        "go through the kernel's side doors",
        """
        room = ctypes.create_string_buffer(256)
        for name, x86, arm, arguments in (
            ("io_uring_setup", 425, 425, (8, room)), ("io_uring_enter", 426, 426, (0, 0, 0, 0, 0)),
            ("io_uring_register", 427, 427, (0, 0, 0, 0)), ("bpf", 321, 280, (0, room, 128)),
            ("perf_event_open", 298, 241, (room, 0, -1, -1, 0)), ("userfaultfd", 323, 282, (1,)),
            ("keyctl", 250, 219, (0, -3, 0)), ("add_key", 248, 217, (b"user", b"x", b"y", 1, -4)),
            ("request_key", 249, 218, (b"user", b"x", 0, -4)), ("memfd", 319, 279, (b"x", 0)),
            ("memfd_secret", 447, 447, (0,)), ("shmget", 29, 194, (0, 4096, 0o1600)),
            ("msgget", 68, 186, (0, 0o1600)), ("semget", 64, 190, (0, 1, 0o1600)),
            ("mq_open", 240, 180, (b"x", 0o102, 0o600, 0)), ("kexec", 246, 104, (0, 0, 0, 0)),
            ("init_module", 175, 105, (room, 0, b"")), ("finit_module", 313, 273, (0, b"", 0)),
            ("delete_module", 176, 106, (b"x", 0)), ("personality", 135, 92, (0x0040000,)),
            ("fanotify", 300, 262, (0, 0)), ("syslog", 103, 116, (3, room, 200)),
            ("sethostname", 170, 161, (b"x", 1)), ("settime", 227, 112, (0, room)),
            ("swapon", 167, 224, (b"x", 0)), ("acct", 163, 89, (0,)), ("mbind", 237, 235, (0,) * 6),
            ("seccomp", 317, 277, (1, 8, room)), ("a later call", 469, 469, (0, 0, 0, 0)),
            ("x32's getpid", 0x40000000 + 39, 469, ()),
        ):
            attempt(name, lambda: call(x86, arm, *arguments))
        print("DONE")
        """,
    ),
    Probe(
        "become root, or a user with groups",
        """
        attempt("setuid", lambda: os.setuid(0))
        attempt("setresuid", lambda: os.setresuid(0, 0, 0))
        attempt("setgid", lambda: os.setgid(0))
        attempt("setgroups", lambda: os.setgroups([0]))
        if 0 in (os.getuid(), os.geteuid(), os.getgid(), *os.getgroups()):
            print("BROKEN root already")
        print("DONE" if libc.prctl(39, 0, 0, 0, 0) == 1 else "BROKEN new privileges")
        """,
    ),
    Probe(
        "signal the parents",
        """
        for pid in (os.getppid(), *pids("PARENTS")):
            attempt("kill", lambda: os.kill(pid, signal.SIGTERM))
            attempt("tgkill", lambda: call(234, 131, pid, pid, 15))
            attempt("tkill", lambda: call(200, 130, pid, 15))
            attempt("queue", lambda: call(129, 138, pid, 15, ctypes.create_string_buffer(128)))
            try:
                pidfd = os.pidfd_open(pid)
            except OSError:
                continue
            attempt("pidfd", lambda: signal.pidfd_send_signal(pidfd, signal.SIGTERM))
        print("DONE")
        """,
    ),
    Probe(
        "kill the neighbour",
        """
        for pid in OUTSIDE:
            attempt("kill", lambda: os.kill(pid, signal.SIGKILL))
            attempt("stop", lambda: os.kill(pid, signal.SIGSTOP))
            attempt("group", lambda: os.killpg(pid, signal.SIGKILL))
        print("DONE")
        """,
    ),
    Probe(
        "slow down or limit other processes",
        """
        import resource
        for pid in (os.getppid(), *OUTSIDE):
            attempt("prlimit", lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (1, 1)))
            attempt("affinity", lambda: os.sched_setaffinity(pid, {0}))
            attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, pid, 19))
            idle = os.SCHED_IDLE, os.sched_param(0)
            attempt("scheduler", lambda: os.sched_setscheduler(pid, *idle))
            attempt("ioprio", lambda: call(251, 30, 1, pid, 3 << 13))
        attempt("all of the user", lambda: os.setpriority(os.PRIO_USER, 0, 19))
        reading, writing = os.pipe()
        import fcntl
        if os.environ["OWNERS"]:
            attempt("owner", lambda: fcntl.fcntl(reading, fcntl.F_SETOWN, OUTSIDE[0]))
        attempt("raise a limit", lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9999, 9999)))
        attempt("survive the supervisor", lambda: call(157, 167, 1, 0, 0, 0, 0))
        print("DONE")
        """,
    ),
    Probe(
        "fork without end",
        """
        while True:
            try:
                os.fork()
            except OSError:
                pass
        """,
        ends="wall or processes",  # which limit comes first depends on who counts
        done=False,
        policy={"wall": 3.0, "cpu": 60},
    ),
    Probe(
        "start threads without end",
        """
        import threading
        def more():
            while True:
                try:
                    threading.Thread(target=more, daemon=True).start()
                except (RuntimeError, MemoryError):
                    time.sleep(0.01)
        more()
        """,
        ends="wall",
        done=False,
        policy={"wall": 2.0},
    ),
    Probe(
        "take more memory than one process may",
        """
        attempt("private", lambda: len(bytearray(600 << 20)))
        attempt("shared", lambda: mmap.mmap(-1, 5000 << 20))
        print("DONE")
        """,
        policy={"memory": 300 * MEGABYTE},
    ),
    Probe(
        "take memory with many processes",
        """
        for _ in range(7):
            if forked() == 0:
                break
        hoard = bytearray(os.urandom(1 << 20) * 120)
        time.sleep(20)
        """,
        ends="memory",
        done=False,
        policy={"memory": 300 * MEGABYTE, "wall": 15.0},
    ),
    Probe(
        "take shared memory that is no process's own",
        """
        hoard = mmap.mmap(-1, 900 << 20)
        for start in range(0, 900 << 20, 1 << 20):
            hoard[start : start + (1 << 20)] = b"x" * (1 << 20)
        time.sleep(20)
        """,
        ends="memory",
        done=False,
        policy={"memory": 300 * MEGABYTE, "wall": 15.0},
    ),
    Probe(
        "loop in C",
        """
        signal.signal(signal.SIGALRM, lambda *_: sys.exit())
        signal.alarm(1)
        sum(range(10**13))
        """,
        ends="cpu",
        done=False,
        policy={"cpu": 1, "wall": 60.0},
    ),
    Probe(
        "loop and ignore the limit's signal",
        """
        signal.signal(signal.SIGXCPU, signal.SIG_IGN)
        sum(range(10**13))
        """,
        ends="cpu",
        done=False,
        policy={"cpu": 1, "wall": 60.0},
    ),
    Probe("wait without end", "time.sleep(1000)", ends="wall", done=False, policy={"wall": 1.0}),
    Probe(
        "read standard input without end",
        "sys.stdin.read(); print('DONE')",
        policy={"wall": 5.0},
    ),
    Probe(
        "leave an orphan in a session of its own",
        """
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            Path("pids.txt").open("a").write(f"{os.getpid()} ")
            Path("ready").touch()
            time.sleep(1000)
        while not Path("ready").exists():
            time.sleep(0.01)
        print("DONE")
        """,
        check="gone",
    ),
    Probe(
        "leave a daemon by forking twice",
        """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                for number in range(3):
                    os.close(number)
                for _ in range(5):
                    if os.fork() == 0:
                        os.setsid()
                Path("pids.txt").open("a").write(f"{os.getpid()} ")
                Path("ready").touch()
                while True:
                    time.sleep(1000)
            os._exit(0)
        while not Path("ready").exists():
            time.sleep(0.01)
        os._exit(print("DONE", flush=True) or 0)
        """,
        check="gone",
    ),
    Probe(
        "fork away from the killer",
        """
        def runner():
            os.setsid()
            while True:
                try:
                    if os.fork():
                        os._exit(0)
                except OSError:
                    pass
        for _ in range(8):
            if forked() == 0:
                runner()
        time.sleep(0.3)
        print("DONE")
        """,
        check="gone",
    ),
    Probe(
        "stay alive after a kill",
        """
        for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
            try:
                signal.signal(number, signal.SIG_IGN)
            except (OSError, ValueError):
                pass
        os.fork()
        os.setsid() if os.getpid() != os.getpgid(0) else None
        Path("pids.txt").open("a").write(f"{os.getpid()} ")
        while True:
            time.sleep(0.01)
        """,
        ends="killed",
        done=False,
        check="gone",
        kill_after=0.5,
    ),
    Probe(
        "print without end",
        "while True: print('x' * 1000)",
        ends="output",
        done=False,
        policy={"output": MEGABYTE},
    ),
    Probe(
        "print one line without end",
        "while True: os.write(1, b'x' * 4096)",
        ends="output",
        done=False,
        policy={"output": MEGABYTE},
    ),
    Probe(
        "complain without end",
        "while True: os.write(2, b'x' * 4096)",
        ends="output",
        done=False,
        policy={"output": MEGABYTE},
    ),
    Probe(
        "write a file that is too long",
        """
        def long():
            with open("long", "wb") as file:
                for _ in range(20):
                    file.write(bytes(1 << 20))
                    file.flush()
        attempt("write", long)
        attempt("extend", lambda: os.truncate("long", 100 << 20))
        print("DONE")
        """,
        policy={"file_size": 4 * MEGABYTE},
    ),
    Probe(
        "fill the disk",
        """
        for number in range(100000):
            Path(f"f{number}").write_bytes(bytes(1 << 20))
            time.sleep(0.002)
        """,
        ends="disk",
        done=False,
        policy={"disk": 32 * MEGABYTE, "wall": 20.0},
    ),
    Probe(
        "fill the disk with files that have no name",
        """
        held = []
        for number in range(200):
            held.append(os.open(".", os.O_TMPFILE | os.O_RDWR))
            os.write(held[-1], bytes(1 << 20))
            time.sleep(0.002)
        time.sleep(20)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 15.0},
    ),
    Probe(
        "fill the disk with names",
        """
        for number in range(10000):
            os.mkdir(f"d{number}")
            for inner in range(100):
                os.mkdir(f"d{number}/{inner}")
        """,
        ends="disk",
        done=False,
        policy={"disk": 8 * MEGABYTE, "wall": 20.0},
    ),
    Probe(
        "open descriptors without end",
        """
        held = []
        def more():
            while len(held) < 2000:
                held.append(os.dup(0))
        attempt("descriptors", more)
        print("DONE")
        """,
    ),
    Probe(
        "leave folders that are hard to remove",
        """
        os.makedirs("shut/in")
        Path("shut/in/file").touch()
        try:
            os.chmod("shut/in", 0)
            os.chmod("shut", 0)
        except PermissionError:
            pass
        top = os.open(".", os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("deep" * 10)
            os.chdir("deep" * 10)
        print("DONE")
        """,
        check="removed",
    ),
    Probe(
        "use the set-up's network for other things",
        """
        attempt("unix", lambda: socket.socket(socket.AF_UNIX))
        attempt("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
        attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
        attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
        attempt("sctp", lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132))
        attempt("pair", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        attempt("secret", lambda: (CHECKOUT / "key.pem").read_text())
        print("DONE")
        """,
        policy={"network": True},
    ),
)


WORKING = (
    Probe(
        "asyncio",
        """
        import asyncio
        async def main():
            async with asyncio.timeout(5):
                await asyncio.gather(asyncio.sleep(0.01), asyncio.to_thread(time.sleep, 0.01))
                done = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", "print(6 * 7)", stdout=asyncio.subprocess.PIPE)
                out, _ = await done.communicate()
            return out
        assert asyncio.run(main()) == b"42\\n"
        print("DONE")
        """,
    ),
    Probe(
        "subprocess of python",
        """
        done = subprocess.run([sys.executable, "-c", "print(input())"], input="hello",
                              capture_output=True, text=True, timeout=10)
        assert done.stdout == "hello\\n", done
        hung = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)"])
        hung.terminate()
        assert hung.wait(5) == -15
        print("DONE")
        """,
    ),
    Probe(
        "multiprocessing with a pipe",
        """
        import multiprocessing
        def child(pipe):
            pipe.send([1, 2, 3])
        if __name__ == "__main__":
            context = multiprocessing.get_context("fork")
            ours, theirs = context.Pipe()
            process = context.Process(target=child, args=(theirs,))
            process.start()
            assert ours.recv() == [1, 2, 3]
            process.join()
            assert process.exitcode == 0
            print("DONE")
        """,
    ),
    Probe(
        "tempfile, moves and links inside",
        """
        import shutil, tempfile
        with tempfile.TemporaryDirectory() as folder:
            one = Path(folder, "one")
            one.write_text("x")
            Path(folder, "deep").mkdir()
            one.rename(Path(folder, "deep", "two"))
            shutil.copyfile(Path(folder, "deep", "two"), one)
            os.symlink("one", Path(folder, "link"))
            os.link(one, Path(folder, "hard"))
            assert Path(folder, "link").read_text() == "x"
            os.mkfifo(Path(folder, "fifo"))
        with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryFile() as other:
            file.write(b"x"), other.write(b"y")
        print("DONE")
        """,
    ),
    Probe(
        "threads",
        """
        from concurrent.futures import ThreadPoolExecutor
        with ThreadPoolExecutor(16) as pool:
            assert sum(pool.map(lambda n: n * n, range(100))) == 328350
        print("DONE")
        """,
    ),
    Probe(
        "sqlite, locale, decimal, time zones and random numbers",
        """
        import datetime, decimal, getpass, locale, random, secrets, sqlite3, uuid, zoneinfo
        database = sqlite3.connect("data.db")
        database.execute("create table t (n)")
        database.execute("insert into t values (1)")
        database.commit()
        assert sqlite3.connect("data.db").execute("select n from t").fetchall() == [(1,)]
        locale.setlocale(locale.LC_ALL, "")
        assert decimal.Decimal(1) / 3 and secrets.token_hex() and uuid.uuid4() and random.random()
        os.environ["TZ"] = "UTC"
        time.tzset()
        assert getpass.getuser() == "sandbox" and Path.home() == Path.cwd()
        assert os.cpu_count() and datetime.datetime.now().astimezone()
        print("DONE")
        """,
    ),
    Probe(
        "a shell, devices and pipes",
        """
        out = subprocess.run("echo a | cat; echo b > /dev/null; head -c 4 /dev/zero | wc -c",
                             shell=True, capture_output=True, text=True).stdout.split()
        assert out == ["a", "4"], out
        print("DONE")
        """,
    ),
    Probe(
        "modes of its own files",
        """
        import shutil
        Path("one").write_text("x")
        shutil.copy2("one", "two")
        Path("one").chmod(0o600)
        print("DONE")
        """,
        policy={"modes": True},
    ),
    Probe(
        "the set-up's network",
        """
        peer = socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 5)
        peer.sendall(b"x")
        socket.getaddrinfo("localhost", 80)
        socket.socket(socket.AF_INET6).close()
        print("DONE")
        """,
        policy={"network": True},
    ),
    Probe(
        "a warm worker that shares its memory with many forks",
        """
        warm = bytearray(os.urandom(1 << 20) * 120)
        started = [forked() or os._exit(time.sleep(1) or 0) for _ in range(6)]
        for child in started:
            os.waitpid(child, 0)
        print("DONE")
        """,
        # Each fork's share counted as its own would be 840 MB. A busy machine's kernel may add
        # 32 MB a process, which can't be told apart from what it holds for them.
        policy={"memory": 600 * MEGABYTE},
    ),
    Probe(
        "pytest on a project with src layout",
        """
        overlay = os.environ["OVERLAY"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(READABLE)],
            capture_output=True, text=True, env={**os.environ, "PYTHONPATH": overlay})
        assert done.returncode == 0 and "3 passed" in done.stdout, done
        print("DONE")
        """,
    ),
)
