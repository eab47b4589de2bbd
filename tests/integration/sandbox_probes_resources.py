"""Programs that take memory, disk, descriptors and processes where nobody seems to count."""

from __future__ import annotations

from sandbox_probes import MEGABYTE, Probe

_SMALL = {"memory": 300 * MEGABYTE, "wall": 25.0}

MEMORY = (
    Probe(
        "keep memory in the buffers of sockets",
        """
        children = []
        for _ in range(2):
            children.append(forked())
            if children[-1] == 0:
                break
        held, most = [], 0
        for _ in range(110):
            pair = socket.socketpair()
            for one in pair:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 23)
                one.setblocking(False)
                try:
                    while True:
                        most += one.send(b"x" * 65536)
                except BlockingIOError:
                    pass
            held += pair
        if most > 75 << 20:
            print("BROKEN", most, flush=True)
        time.sleep(0.5)
        if 0 not in children:
            print("DONE")
        """,
        policy={"memory": 300 * MEGABYTE},
    ),
    Probe(
        "keep memory in the buffers of many processes' sockets",
        """
        for _ in range(25):
            if forked() == 0:
                break
        held = []
        try:
            for _ in range(120):
                pair = socket.socketpair()
                for one in pair:
                    one.setblocking(False)
                    try:
                        while True:
                            one.send(b"x" * 4096)
                    except BlockingIOError:
                        pass
                held += pair
        except OSError:
            pass
        time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy=_SMALL,
    ),
    Probe(
        "keep memory in sockets on their way to nobody",
        """
        for _ in range(11):
            if forked() == 0:
                break
        held = []
        def more():
            carrier = socket.socketpair()
            held.append(carrier)
            for _ in range(60):
                pair = socket.socketpair()
                for one in pair:
                    one.setblocking(False)
                    try:
                        while True:
                            one.send(b"x" * 4096)
                    except BlockingIOError:
                        pass
                try:
                    socket.send_fds(carrier[0], [b"x"], [one.fileno() for one in pair])
                except OSError:  # as many as the kernel lets a user have
                    held.append(pair)
        try:
            while True:
                more()
        except OSError:
            time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy={**_SMALL, "memory": 120 * MEGABYTE},
    ),
    Probe(
        "keep memory in the sockets of programs that nobody may read",
        """
        import shutil
        shutil.copyfile(os.path.realpath(sys.executable), "program")
        os.chmod("program", 0o111)
        code = (
            "import socket, time\\nheld = []\\n"
            "for _ in range(120):\\n"
            "    held += socket.socketpair()\\n"
            "    for one in held[-2:]:\\n"
            "        one.setblocking(False)\\n"
            "        try:\\n"
            "            while True: one.send(bytes(4096))\\n"
            "        except BlockingIOError: pass\\n"
            "time.sleep(60)\\n"
        )
        environment = {**os.environ, "PYTHONHOME": sys.base_prefix}
        for _ in range(8):
            subprocess.Popen(["./program", "-S", "-c", code], env=environment)
        time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy={**_SMALL, "modes": True},
    ),
    Probe(
        "keep memory in pipes",
        """
        import fcntl
        total = 0
        for _ in range(120):
            _, writing = os.pipe()
            attempt("larger", lambda: fcntl.fcntl(writing, 1031, 1 << 20))
            os.set_blocking(writing, False)
            try:
                while True:
                    total += os.write(writing, b"x" * 4096)
            except BlockingIOError:
                pass
        if total > 70 << 20:
            print("BROKEN", total)
        print("DONE")
        """,
        policy={"memory": 300 * MEGABYTE},
    ),
    Probe(
        "keep memory in the set-up's connections to itself",
        """
        server = socket.create_server(("127.0.0.1", 0))
        held = []
        for _ in range(100):
            one = socket.create_connection(server.getsockname())
            other, _ = server.accept()
            held += [one, other]
        for _ in range(200):
            for one in held:
                one.setblocking(False)
                try:
                    one.send(b"x" * 262144)
                except BlockingIOError:
                    pass
        time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy={**_SMALL, "network": True, "memory": 200 * MEGABYTE},
    ),
    Probe(
        "let go of shared memory without giving it back",
        """
        hoard = mmap.mmap(-1, 1000 << 20)
        for start in range(0, 1000 << 20, 4 << 20):
            hoard[start : start + (4 << 20)] = b"x" * (4 << 20)
            hoard.madvise(4, start, 4 << 20)
        time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy=_SMALL,
    ),
    Probe(
        "have children fill shared memory and end",
        """
        hoard = mmap.mmap(-1, 1000 << 20)
        for start in range(0, 1000 << 20, 50 << 20):
            child = forked()
            if child == 0:
                for at in range(start, start + (50 << 20), 4 << 20):
                    hoard[at : at + (2 << 20)] = b"x" * (2 << 20)
                    hoard[at + (2 << 20) : at + (4 << 20)] = b"x" * (2 << 20)
                os._exit(0)
            os.waitpid(child, 0)
        time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy=_SMALL,
    ),
    Probe(
        "keep one page of much shared memory",
        """
        libc.mmap.restype = ctypes.c_void_p
        def mapped():
            size = 64 << 20
            at = libc.mmap(None, ctypes.c_size_t(size), 3, 0x21, -1, ctypes.c_long(0))
            ctypes.memset(at, 1, size)
            libc.munmap(ctypes.c_void_p(at + 4096), ctypes.c_size_t(size - 4096))
        for _ in range(16):
            mapped()
        time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy=_SMALL,
    ),
    Probe(
        "take memory behind a first thread that has ended",
        """
        import threading
        for _ in range(4):
            if forked() == 0:
                break
        def eater():
            time.sleep(0.2)
            hoard = bytearray(os.urandom(1 << 20) * 120)
            time.sleep(60)
        threading.Thread(target=eater).start()
        call(60, 93, 0)
        """,
        ends="memory",
        done=False,
        policy=_SMALL,
    ),
    Probe(
        "take memory in steps that are small",
        """
        hoard, block = [], os.urandom(1 << 16)
        for _ in range(7):
            if forked() == 0:
                break
        while True:
            try:
                hoard.append(bytearray(block))
            except MemoryError:
                time.sleep(60)
        """,
        ends="memory",
        done=False,
        policy=_SMALL,
    ),
    Probe(
        "cover itself with mappings",
        """
        libc.mmap.restype = ctypes.c_void_p
        def more():
            for number in range(200_000):
                got = libc.mmap(None, ctypes.c_size_t(4096), number % 2, 0x22, -1, ctypes.c_long(0))
                if got in (None, ctypes.c_void_p(-1).value):
                    raise OSError(ctypes.get_errno(), "no more")
        attempt("mappings", more)
        print("DONE")
        """,
    ),
    Probe(
        "open other sorts of descriptors without end",
        """
        import select
        for name, make in (("epoll", lambda: call(291, 20, 0)),
                           ("event", lambda: call(290, 19, 0, 0)),
                           ("timer", lambda: call(283, 85, 0, 0)),
                           ("signal", lambda: call(289, 74, -1, bytes(8), 8, 0)),
                           ("pidfd", lambda: os.pidfd_open(os.getpid()))):
            held = []
            def more():
                for _ in range(2000):
                    held.append(make())
            attempt(name, more)
            if len(held) > 300 or len(held) < 100:
                print("BROKEN", name, len(held))
            for one in held:
                os.close(one)
        print("DONE")
        """,
    ),
    Probe(
        "watch every descriptor with every other",
        """
        import select
        watchers = [select.epoll() for _ in range(120)]
        watched = [os.eventfd(0) if hasattr(os, "eventfd") else os.dup(0) for _ in range(120)]
        for watcher in watchers:
            for one in watched:
                watcher.register(one)
        print("DONE")
        """,
    ),
    Probe(
        "queue signals and timers without end",
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, [40])
        information = ctypes.create_string_buffer(128)
        ctypes.memmove(information, (ctypes.c_int * 3)(40, 0, -1), 12)
        def queue():
            for _ in range(5000):
                call(129, 138, os.getpid(), 40, information)
        attempt("signals", queue)
        made = ctypes.c_int()
        def timers():
            for _ in range(5000):
                call(222, 107, 1, 0, ctypes.byref(made))
        attempt("timers", timers)
        print("DONE")
        """,
    ),
    Probe(
        "lock bytes of files without end",
        """
        import fcntl
        ends = time.monotonic() + 60
        files = [open(f"f{number}", "w") for number in range(200)]
        while time.monotonic() < ends:
            for file in files:
                for at in range(0, 6000, 2):
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, at)
        """,
        ends="memory or wall or cpu",
        done=False,
        policy={"memory": 100 * MEGABYTE, "wall": 8.0},
    ),
)

DISK = (
    Probe(
        "preallocate what nobody has written",
        """
        import fcntl
        file = os.open("file", os.O_RDWR | os.O_CREAT)
        for mode in (0, 1, 3, 0x10, 0x11, 0x20):
            attempt(f"fallocate {mode}",
                    lambda: call(285, 47, file, mode, ctypes.c_long(0), ctypes.c_long(2 << 30)))
        for request in (0x40305828, 0x4030582A, 0x40305829, 0x4030582B, 0x40305839):
            space = ctypes.create_string_buffer(48)
            ctypes.memmove(ctypes.addressof(space) + 16, (ctypes.c_long * 1)(2 << 30), 8)
            attempt("by ioctl", lambda: fcntl.ioctl(file, request, space))
        attempt("posix_fallocate", lambda: os.posix_fallocate(file, 0, 2 << 30))
        if os.fstat(file).st_blocks * 512 > 80 << 20:
            print("BROKEN", os.fstat(file))
        print("DONE")
        """,
    ),
    Probe(
        "make files long at once",
        """
        file = os.open("file", os.O_RDWR | os.O_CREAT)
        for size in (65 << 20, 1 << 30, 1 << 40, (1 << 63) - 1):
            attempt("ftruncate", lambda: os.ftruncate(file, size))
            attempt("truncate", lambda: os.truncate("file", size))
            attempt("write behind", lambda: os.pwrite(file, b"x", size))
        print("DONE")
        """,
    ),
    Probe(
        "write as fast as can be",
        """
        block = os.urandom(1 << 20) * 32
        for number in range(1000):
            with open(f"f{number}", "wb", 0) as file:
                file.write(block), file.write(block)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
    Probe(
        "write where paths are too long to look",
        """
        for _ in range(60):
            os.mkdir("deep" * 40)
            os.chdir("deep" * 40)
        for number in range(1000):
            with open(f"f{number}", "wb", 0) as file:
                file.write(os.urandom(1 << 20))
            time.sleep(0.005)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
    Probe(
        "write where nobody may look",
        """
        os.mkdir("shut", 0o300)
        for number in range(1000):
            with open(f"shut/f{number}", "wb", 0) as file:
                file.write(os.urandom(1 << 20))
            time.sleep(0.005)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
    Probe(
        "hold files that have no name by a mapping",
        """
        held = []
        for number in range(500):
            file = os.open(".", os.O_TMPFILE | os.O_RDWR)
            os.write(file, os.urandom(1 << 20))
            held.append(mmap.mmap(file, 4096))
            os.close(file)
            time.sleep(0.005)
        time.sleep(60)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
    Probe(
        "hold files that have no name in a table of a thread's own",
        """
        import threading
        # Raw: a thread with descriptors that the others do not have.
        held = []
        def writer():
            for number in range(200):
                held.append(os.open(".", os.O_TMPFILE | os.O_RDWR))
                os.write(held[-1], os.urandom(1 << 20))
                time.sleep(0.005)
        attempt("a table of its own", lambda: call(272, 97, 0x400))
        threading.Thread(target=writer).start()
        time.sleep(60)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
    Probe(
        "hold files that have no name on their way to nobody",
        """
        held = []
        for _ in range(3):
            one, other = socket.socketpair()
            held += [one, other]
            for number in range(60):
                file = os.open(".", os.O_TMPFILE | os.O_RDWR)
                os.write(file, os.urandom(1 << 20))
                socket.send_fds(one, [b"x"], [file])
                os.close(file)
                time.sleep(0.005)
        time.sleep(60)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
    Probe(
        "make files without end that hold nothing",
        """
        for number in range(20_000):
            os.close(os.open(f"f{number}", os.O_CREAT | os.O_WRONLY))
        time.sleep(60)
        """,
        ends="disk",
        done=False,
        policy={"wall": 60.0, "entries": 2000},
    ),
    Probe(
        "fill the disk by copies that the kernel makes",
        """
        Path("one").write_bytes(os.urandom(1 << 20) * 16)
        source = os.open("one", os.O_RDONLY)
        for number in range(500):
            target = os.open(f"f{number}", os.O_CREAT | os.O_WRONLY)
            os.copy_file_range(source, target, 16 << 20, 0)
            os.close(target)
        time.sleep(60)
        """,
        ends="disk",
        done=False,
        policy={"disk": 64 * MEGABYTE, "wall": 30.0},
    ),
)

PROCESSES = (
    Probe(
        "stop and never go on",
        "os.kill(os.getpid(), signal.SIGSTOP)",
        ends="wall",
        done=False,
        policy={"wall": 1.5},
    ),
    Probe(
        "leave stopped processes",
        """
        for _ in range(4):
            if os.fork() == 0:
                os.setsid()
                Path("pids.txt").open("a").write(f"{os.getpid()} ")
                os.kill(os.getpid(), signal.SIGSTOP)
        while len(Path("pids.txt").read_text().split() if Path("pids.txt").exists() else ()) < 4:
            time.sleep(0.01)
        print("DONE")
        """,
        check="gone",
    ),
    Probe(
        "leave a process that waits for one that sleeps",
        """
        if os.fork() == 0:
            os.setsid()
            Path("pids.txt").write_text(str(os.getpid()))
            Path("ready").touch()
            subprocess.Popen(["sleep", "1000"]).wait()
        while not Path("ready").exists():
            time.sleep(0.01)
        time.sleep(0.3)
        print("DONE")
        """,
        check="gone",
    ),
    Probe(
        "leave a process that goes on to print",
        """
        if os.fork() == 0:
            os.setsid()
            Path("pids.txt").write_text(str(os.getpid()))
            Path("ready").touch()
            while True:
                os.write(1, b"still here\\n")
                time.sleep(0.05)
        while not Path("ready").exists():
            time.sleep(0.01)
        print("DONE", flush=True)
        """,
        check="gone",
    ),
    Probe(
        "adopt orphans and leave them",
        """
        libc.prctl(36, 1, 0, 0, 0)
        for _ in range(3):
            if os.fork() == 0:
                if os.fork() == 0:
                    os.setsid()
                    Path("pids.txt").open("a").write(f"{os.getpid()} ")
                    time.sleep(1000)
                os._exit(0)
        while len(Path("pids.txt").read_text().split() if Path("pids.txt").exists() else ()) < 3:
            time.sleep(0.01)
        print("DONE")
        """,
        check="gone",
    ),
    Probe(
        "leave a thread behind when the first one ends",
        """
        import threading
        Path("pids.txt").write_text(str(os.getpid()))
        threading.Thread(target=time.sleep, args=(1000,)).start()
        call(60, 93, 0)
        """,
        ends="wall",
        done=False,
        policy={"wall": 2.0},
    ),
    Probe(
        "end its own ancestors' group",
        """
        for number in (0, -os.getpgid(0)):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            os.kill(number, signal.SIGTERM)
        attempt("the supervisor's group", lambda: os.kill(-os.getppid(), signal.SIGTERM))
        attempt("join it", lambda: os.setpgid(0, os.getpgid(os.getppid())))
        print("DONE")
        """,
    ),
    Probe(
        "start processes faster than they are counted",
        """
        def runner():
            while True:
                try:
                    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)
                except OSError:
                    pass
        for _ in range(8):
            if forked() == 0:
                runner()
        time.sleep(2)
        print("DONE")
        """,
        check="gone",
    ),
)

RESOURCES = (*MEMORY, *DISK, *PROCESSES)

HONEST = (
    Probe(
        "files that are long and hold nothing",
        """
        for number in range(50):
            with open(f"f{number}", "wb") as file:
                file.truncate(60 << 20)
        time.sleep(1)
        print("DONE")
        """,
        policy={"disk": 32 * MEGABYTE},
    ),
    Probe(
        "many names of one file",
        """
        Path("one").write_bytes(os.urandom(1 << 20) * 16)
        for number in range(100):
            os.link("one", f"f{number}")
        time.sleep(1)
        print("DONE")
        """,
        policy={"disk": 32 * MEGABYTE},
    ),
    Probe(
        "space for a small file, asked for in advance",
        """
        with open("file", "wb") as file:
            os.posix_fallocate(file.fileno(), 0, 1 << 20)
            assert os.fstat(file.fileno()).st_size == 1 << 20
        print("DONE")
        """,
    ),
    Probe(
        "copies, archives and trees",
        """
        import shutil, tarfile, zipfile
        Path("tree/deep").mkdir(parents=True)
        Path("tree/deep/file").write_bytes(os.urandom(1 << 20))
        shutil.copytree("tree", "copied", copy_function=shutil.copyfile)
        with tarfile.open("tree.tar.gz", "w:gz") as archive:
            archive.add("tree")
        with tarfile.open("tree.tar.gz") as archive:
            archive.extract("tree/deep/file", "extracted")
        with zipfile.ZipFile("tree.zip", "w") as archive:
            archive.write("tree/deep/file")
        shutil.move("copied", "moved")
        subprocess.run(["cp", "-r", "moved", "copied"], check=True)
        subprocess.run(["cp", "moved/deep/file", "tree"], check=True)
        subprocess.run(["tar", "cf", "by.tar", "tree"], check=True)
        assert Path("copied/deep/file").read_bytes() == Path("tree/file").read_bytes()
        shutil.rmtree("tree")
        print("DONE")
        """,
        policy={"modes": True},
    ),
    Probe(
        "streams over a pair of sockets",
        """
        import asyncio
        async def main():
            one, other = socket.socketpair()
            reader, back = await asyncio.open_connection(sock=one)
            _, writer = await asyncio.open_connection(sock=other)
            writer.write(b"hello\\n" * 50_000)
            writer.write(b"\\n")
            count = 0
            while (await reader.readline()).strip():
                count += 1
            writer.close()
            back.close()
            return count
        assert asyncio.run(main()) == 50_000
        print("DONE")
        """,
    ),
    Probe(
        "many sockets and pipes that are idle",
        """
        held = [socket.socketpair() for _ in range(50)] + [os.pipe() for _ in range(50)]
        time.sleep(1)
        print("DONE")
        """,
        policy={"memory": 128 * MEGABYTE},  # above what they can hold
    ),
    Probe(
        "signals, timers and events",
        """
        import select, threading
        got = []
        signal.signal(signal.SIGALRM, lambda *_: got.append(1))
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        time.sleep(0.2)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
        os.kill(os.getpid(), signal.SIGUSR1)
        assert signal.sigtimedwait([signal.SIGUSR1], 5) and got == [1]
        poll, (reading, writing) = select.epoll(), os.pipe()
        poll.register(reading, select.EPOLLIN)
        threading.Timer(0.05, os.write, (writing, b"x")).start()
        assert poll.poll(5)
        select.select([reading], [], [], 1)
        subprocess.run(["timeout", "0.1", "sleep", "10"])
        print("DONE")
        """,
    ),
    Probe(
        "memory shared with a child",
        """
        shared = mmap.mmap(-1, 8 << 20)
        child = os.fork()
        if child == 0:
            shared[:5] = b"hello"
            os._exit(0)
        os.waitpid(child, 0)
        assert shared[:5] == b"hello"
        with open("file", "w+b") as file:
            file.truncate(1 << 20)
            with mmap.mmap(file.fileno(), 0) as mapped:
                mapped[:3] = b"abc"
        assert Path("file").read_bytes()[:3] == b"abc"
        print("DONE")
        """,
    ),
    Probe(
        "locks, databases and callbacks from C",
        """
        import fcntl, sqlite3
        database = sqlite3.connect("data.db")
        database.execute("pragma journal_mode=wal")
        database.execute("create table t (n)")
        with database:
            database.executemany("insert into t values (?)", [(n,) for n in range(1000)])
        assert sqlite3.connect("data.db").execute("select sum(n) from t").fetchone() == (499500,)
        with open("lock", "w") as file:
            fcntl.lockf(file, fcntl.LOCK_EX)
            fcntl.flock(file, fcntl.LOCK_EX)
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        numbers = (ctypes.c_int * 3)(3, 1, 2)
        read = lambda at: ctypes.c_int.from_address(at).value
        libc.qsort(numbers, 3, 4, kind(lambda one, other: read(one) - read(other)))
        assert list(numbers) == [1, 2, 3]
        print("DONE")
        """,
    ),
    Probe(
        "what a program asks of its machine",
        """
        import faulthandler, platform, resource, shutil, sysconfig, tracemalloc
        assert platform.platform() and os.getloadavg() and shutil.disk_usage(".")
        assert os.sched_getaffinity(0) and resource.getrusage(resource.RUSAGE_SELF)
        os.nice(1)
        os.umask(0o077)
        tracemalloc.start()
        faulthandler.dump_traceback(open("dump", "w"))
        assert "File" in Path("dump").read_text()
        assert os.get_terminal_size.__name__ and not os.isatty(0)
        os.utime("dump", (1, 1))
        assert list(os.scandir(".")) and os.access("dump", os.R_OK)
        print("DONE")
        """,
    ),
)
