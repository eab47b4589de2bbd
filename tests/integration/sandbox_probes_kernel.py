"""Programs that ask the kernel for what the sandbox refuses: every way round its walls by a call.

The variables that they read are set by `sandbox_driver.py`, as are the objects outside that they
try to reach: segments, queues, semaphores, folders.
"""

from __future__ import annotations

from sandbox_probes import Probe

KERNEL = (
    Probe(
        "read, write and remove segments of shared memory",
        """
        libc.shmat.restype = ctypes.c_void_p
        room = ctypes.create_string_buffer(256)
        for one in (*pids("SEGMENTS"), *range(0, 64), *range(32768, 32800)):
            for flags in (0, 0o10000):
                attempt("shmat", lambda: call(30, 196, one, 0, flags))
            attempt("stat", lambda: call(31, 195, one, 2, room))
            attempt("remove", lambda: call(31, 195, one, 0, 0))
        for index in range(32):
            attempt("stat of any", lambda: call(31, 195, index, 15, room))
        attempt("detach", lambda: call(67, 197, room))
        attempt("make", lambda: call(29, 194, 0, 4096, 0o1600))
        print("DONE")
        """,
    ),
    Probe(
        "read, write and remove message queues",
        """
        room = ctypes.create_string_buffer(4096)
        message = ctypes.create_string_buffer(bytes([1] + [0] * 7) + b"evil", 64)
        for one in (*pids("QUEUES"), *range(0, 64), *range(32768, 32800)):
            attempt("copy", lambda: call(70, 188, one, room, 1000, 0, 0o44000))
            attempt("take", lambda: call(70, 188, one, room, 1000, 0, 0o4000))
            attempt("send", lambda: call(69, 189, one, message, 4, 0o4000))
            attempt("stat", lambda: call(71, 187, one, 2, room))
            attempt("remove", lambda: call(71, 187, one, 0, 0))
        attempt("make", lambda: call(68, 186, 0, 0o1600))
        print("DONE")
        """,
    ),
    Probe(
        "read, change and remove semaphores",
        """
        operation = ctypes.create_string_buffer(bytes([0, 0, 1, 0, 0, 8]), 6)
        timeout = ctypes.create_string_buffer(16)
        for one in (*pids("SEMAPHORES"), *range(0, 64), *range(32768, 32800)):
            attempt("operate", lambda: call(65, 193, one, operation, 1))
            attempt("operate for a time", lambda: call(220, 192, one, operation, 1, timeout))
            attempt("get", lambda: call(66, 191, one, 0, 12, 0))
            attempt("set", lambda: call(66, 191, one, 0, 16, 0))
            attempt("remove", lambda: call(66, 191, one, 0, 0, 0))
        attempt("make", lambda: call(64, 190, 0, 1, 0o1600))
        print("DONE")
        """,
    ),
    Probe(
        "open, read and unlink POSIX queues",
        """
        room = ctypes.create_string_buffer(8192)
        name = os.environ["POSIX_QUEUE"].encode()
        for flags in (0, 1, 2, 0o100 | 2, 0o4000):
            attempt("open", lambda: call(240, 180, name, flags, 0o600, 0))
        attempt("unlink", lambda: call(241, 181, name))
        for opened in range(3, 32):
            attempt("receive", lambda: call(243, 183, opened, room, 8192, 0, 0))
            attempt("send", lambda: call(242, 182, opened, room, 1, 0, 0))
            attempt("notify", lambda: call(244, 184, opened, 0))
            attempt("attributes", lambda: call(245, 185, opened, 0, room))
        print("DONE")
        """,
    ),
    Probe(
        "share memory by name",
        """
        from multiprocessing import shared_memory
        attempt("new", lambda: shared_memory.SharedMemory(create=True, size=4096))
        attempt("there", lambda: shared_memory.SharedMemory(name="qe-probe"))
        attempt("list", lambda: os.listdir("/dev/shm"))
        attempt("queues", lambda: os.listdir("/dev/mqueue"))
        import _multiprocessing
        attempt("semaphore", lambda: _multiprocessing.SemLock(0, 1, 1, "/qe-probe", False))
        print("DONE")
        """,
    ),
    Probe(
        "make memory that no process has mapped",
        """
        for flags in (0, 1, 2, 4, 8):
            attempt("memfd_create", lambda: call(319, 279, b"x", flags))
        attempt("memfd_secret", lambda: call(447, 447, 0))
        attempt("huge pages", lambda: mmap.mmap(-1, 2 << 20, flags=0x40022))
        attempt("huge pages, shared", lambda: mmap.mmap(-1, 2 << 20, flags=0x40021))
        attempt("huge pages of 1 GB", lambda: mmap.mmap(-1, 1 << 30, flags=0x40022 | 30 << 26))
        room = mmap.mmap(-1, 1 << 20)
        at = ctypes.addressof(ctypes.c_char.from_buffer(room))
        attempt("mlock", lambda: call(149, 228, ctypes.c_void_p(at), 1 << 20))
        attempt("mlock2", lambda: call(325, 284, ctypes.c_void_p(at), 1 << 20, 0))
        attempt("mlockall", lambda: call(151, 230, 3))
        attempt("locked mapping", lambda: mmap.mmap(-1, 1 << 20, flags=0x2022))
        attempt("remap", lambda: call(216, 234, ctypes.c_void_p(at), 4096, 0, 1, 0))
        for advice in (12, 100, 101):
            attempt("madvise", lambda: call(28, 233, ctypes.c_void_p(at), 4096, advice))
        print("DONE")
        """,
    ),
    Probe(
        "move pages through pipes",
        """
        reading, writing = os.pipe()
        room = ctypes.create_string_buffer(4096)
        vector = (ctypes.c_void_p * 2)(ctypes.addressof(room), 4096)
        attempt("vmsplice", lambda: call(278, 75, writing, vector, 1, 0))
        attempt("vmsplice as a gift", lambda: call(278, 75, writing, vector, 1, 8))
        other, further = os.pipe()
        os.write(writing, b"x")
        attempt("tee", lambda: call(276, 77, reading, further, 1, 0))
        attempt("splice", lambda: call(275, 76, reading, 0, further, 0, 1, 0))
        Path("file").write_bytes(bytes(4096))
        file = os.open("file", os.O_RDONLY)
        attempt("sendfile", lambda: os.sendfile(further, file, 0, 4096))
        import fcntl
        for size in (1, 1 << 16, 1 << 20, 1 << 24):
            attempt("pipe's size", lambda: fcntl.fcntl(writing, 1031, size))
        print("DONE")
        """,
    ),
    Probe(
        "hear of files that others make",
        """
        import fcntl
        attempt("inotify", lambda: call(253, 469, ))
        attempt("inotify_init1", lambda: call(294, 26, 0))
        for opened in range(3, 8):
            attempt("watch", lambda: call(254, 27, opened, str(READABLE).encode(), 0xFFF))
        attempt("fanotify", lambda: call(300, 262, 0x200, 0))
        attempt("fanotify_mark", lambda: call(301, 263, 3, 1, 0x3B, -100, b"/"))
        folder = os.open(READABLE, os.O_RDONLY)
        attempt("dnotify", lambda: fcntl.fcntl(folder, 1026, 0x8000003F))
        file = os.open(READABLE / "file", os.O_RDONLY)
        for kind in (0, 1):
            attempt("lease", lambda: fcntl.fcntl(file, 1024, kind))
        attempt("owner", lambda: fcntl.fcntl(file, 8, os.getpid()))
        attempt("signal", lambda: fcntl.fcntl(file, 10, 15))
        attempt("FIOSETOWN", lambda: fcntl.ioctl(file, 0x8901, b"1234"))
        attempt("SIOCSPGRP", lambda: fcntl.ioctl(file, 0x8902, b"1234"))
        print("DONE")
        """,
    ),
    Probe(
        "read labels of others' files",
        """
        for path in (CHECKOUT, CHECKOUT / "key.pem", READABLE / "file", Path("/usr/bin/env")):
            attempt("list", lambda: os.listxattr(path))
            attempt("get", lambda: os.getxattr(path, "user.note"))
            attempt("security", lambda: os.getxattr(path, "security.capability"))
            attempt("set", lambda: os.setxattr(path, "user.note", b"x"))
            attempt("remove", lambda: os.removexattr(path, "user.note"))
        Path("own").touch()
        attempt("own", lambda: os.setxattr("own", "user.note", bytes(60000)))
        print("DONE")
        """,
    ),
    Probe(
        "go by handles and by paths that are open",
        """
        handle = ctypes.create_string_buffer(bytes([128, 0, 0, 0]) + bytes(140), 144)
        number = ctypes.c_int()
        for path in (CHECKOUT / "key.pem", READABLE / "file", Path("/")):
            attempt("name_to_handle_at", lambda: call(
                303, 264, -100, str(path).encode(), handle, ctypes.byref(number), 0))
            attempt("open_by_handle_at", lambda: call(304, 265, -100, handle, 0))
        checkout = os.open(CHECKOUT, os.O_PATH)
        key = os.open(CHECKOUT / "key.pem", os.O_PATH)
        attempt("below", lambda: os.open("key.pem", os.O_RDONLY, dir_fd=checkout))
        attempt("list", lambda: os.listdir(checkout))
        attempt("read", lambda: os.read(key, 100))
        attempt("again", lambda: open(f"/proc/self/fd/{key}").read())
        attempt("again by dev", lambda: open(f"/dev/fd/{key}").read())
        attempt("link", lambda: os.link("key.pem", "mine", src_dir_fd=checkout))
        attempt("execute", lambda: call(322, 281, key, b"", 0, 0, 0x1000))
        attempt("chmod", lambda: os.chmod(f"/proc/self/fd/{key}", 0o777))
        attempt("fchmod", lambda: os.fchmod(key, 0o777))
        attempt("fchown", lambda: os.fchown(key, os.getuid(), os.getgid()))
        attempt("truncate", lambda: os.truncate(key, 0))
        attempt("openat2", lambda: call(437, 437, -100, b"/etc/shadow", handle, 24))
        os.chdir(CHECKOUT)
        attempt("from inside", lambda: open("key.pem").read())
        attempt("write inside", lambda: open("new", "w"))
        os.fchdir(checkout)
        attempt("list inside", lambda: os.listdir("."))
        print("DONE")
        """,
    ),
    Probe(
        "open files for neither reading nor writing",
        """
        for path in (CHECKOUT / "key.pem", READABLE / "file", Path("/etc/passwd"),
                     Path("/dev/ptmx"), Path("/dev/tty"), Path("/dev/shm"), Path("own")):
            for flags in (3, 3 | os.O_NONBLOCK, 3 | os.O_CREAT, 3 | os.O_TRUNC, 3 | os.O_APPEND):
                attempt("open", lambda: os.open(path, flags))
                attempt("open without a folder", lambda: call(
                    2, 469, str(path).encode(), flags, 0o600))
        print("DONE")
        """,
    ),
    Probe(
        "read and wait for the clocks of other processes",
        """
        room = ctypes.create_string_buffer(64)
        made = ctypes.c_int()
        for pid in (os.getppid(), 1, *OUTSIDE, os.getpid()):
            for kind in range(8):
                clock = ctypes.c_int(~pid << 3 | kind)
                attempt("read", lambda: call(228, 113, clock, room))
                attempt("how exact", lambda: call(229, 114, clock, room))
                attempt("wait", lambda: call(230, 115, clock, 1, room, 0))
                attempt("timer", lambda: call(222, 107, clock, 0, ctypes.byref(made)))
        print("DONE")
        """,
    ),
    Probe(
        "run others' files as programs",
        """
        for path in (CHECKOUT / "key.pem", CHECKOUT / "event.json", NEIGHBOUR / "file"):
            attempt("execute", lambda: os.execv(path, ["x"]))
            attempt("by the loader", lambda: ctypes.CDLL(str(path)))
        attempt("import", lambda: __import__("runpy").run_path(str(CHECKOUT / "key.pem")))
        print("DONE")
        """,
    ),
    Probe(
        "open devices",
        """
        for name in ("mem", "kmem", "port", "kmsg", "fuse", "kvm", "net/tun", "userfaultfd",
                     "ptmx", "tty", "console", "tty0", "tty1", "vda", "sda", "nvme0n1", "loop0",
                     "loop-control", "mapper/control", "vhost-net", "vsock", "hpet", "rtc0",
                     "input/event0", "dri/card0", "snd/timer", "shm", "pts/0"):
            attempt(name, lambda: os.open(f"/dev/{name}", os.O_RDONLY))
            attempt(name, lambda: os.open(f"/dev/{name}", os.O_RDWR))
        attempt("openpty", lambda: os.openpty())
        print("DONE")
        """,
    ),
    Probe(
        "make devices and sockets in its folder",
        """
        kinds = (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK)
        for kind in kinds:
            for device in (os.makedev(1, 1), os.makedev(1, 3), os.makedev(254, 0), 0):
                attempt("mknod", lambda: os.mknod("device", kind | 0o666, device))
                attempt("mknodat", lambda: os.mknod("device", kind | 0o666, device,
                                                   dir_fd=os.open(".", os.O_RDONLY)))
        os.mkfifo("fifo")
        if os.listdir(".") != ["fifo"]:
            print("BROKEN", os.listdir("."))
        print("DONE")
        """,
    ),
    Probe(
        "type into a terminal and clone files by ioctl",
        """
        import fcntl
        Path("one").write_bytes(bytes(8192))
        one = os.open("one", os.O_RDWR)
        two = os.open("two", os.O_RDWR | os.O_CREAT)
        for opened in (0, 1, 2):
            attempt("TIOCSTI", lambda: fcntl.ioctl(opened, 0x5412, b"x"))
            attempt("TIOCLINUX", lambda: fcntl.ioctl(opened, 0x541C, b"\\x02"))
            attempt("TIOCCONS", lambda: fcntl.ioctl(opened, 0x541D))
            attempt("KDSETMODE", lambda: fcntl.ioctl(opened, 0x4B3A, 0))
        attempt("FICLONE", lambda: fcntl.ioctl(two, 0x40049409, one))
        attempt("FICLONERANGE", lambda: fcntl.ioctl(two, 0x4020940D, bytes(32)))
        attempt("FIDEDUPERANGE", lambda: fcntl.ioctl(one, 0xC0189436, bytes(64)))
        attempt("FS_IOC_SETFLAGS", lambda: fcntl.ioctl(one, 0x40086602, bytes(8)))
        attempt("FS_IOC_FSSETXATTR", lambda: fcntl.ioctl(one, 0x401C5820, bytes(28)))
        attempt("FIFREEZE", lambda: fcntl.ioctl(one, 0xC0045877, 0))
        attempt("FITRIM", lambda: fcntl.ioctl(one, 0xC0185879, bytes(24)))
        attempt("FIBMAP", lambda: fcntl.ioctl(one, 1, bytes(4)))
        attempt("FIEMAP", lambda: fcntl.ioctl(one, 0xC020660B, bytes(32)))
        print("DONE")
        """,
    ),
    Probe(
        "filter, reserve and force buffers of sockets",
        """
        one, other = socket.socketpair()
        for level, option in ((1, 26), (1, 27), (1, 32), (1, 33), (1, 44), (1, 50), (1, 51),
                              (1, 52), (1, 60), (1, 70), (1, 73), (6, 19), (6, 31), (0, 64),
                              (41, 64), (270, 1), (263, 1), (281, 1)):
            attempt(f"option {level} {option}",
                    lambda: one.setsockopt(level, option, bytes(16)))
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            before = one.getsockopt(socket.SOL_SOCKET, option)
            one.setsockopt(socket.SOL_SOCKET, option, 1 << 23)
            if one.getsockopt(socket.SOL_SOCKET, option) != before:
                print("BROKEN buffer", option)
        print("DONE")
        """,
    ),
    Probe(
        "filter and route the set-up's sockets",
        """
        one = socket.socket()
        for level, option in ((1, 25), (1, 26), (1, 32), (1, 33), (1, 50), (1, 60), (1, 73),
                              (6, 13), (6, 14), (6, 19), (6, 31), (6, 38), (0, 19), (0, 64),
                              (0, 35), (41, 64), (41, 35), (255, 1)):
            attempt(f"option {level} {option}",
                    lambda: one.setsockopt(level, option, bytes(16)))
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            before = one.getsockopt(socket.SOL_SOCKET, option)
            one.setsockopt(socket.SOL_SOCKET, option, 1 << 23)
            if one.getsockopt(socket.SOL_SOCKET, option) != before:
                print("BROKEN buffer", option)
        print("DONE")
        """,
        policy={"network": True},
    ),
    Probe(
        "change what the kernel does for the process",
        """
        for option, *arguments in (
            (4, 0), (4, 1), (8, 1), (10, 1), (14, 1), (22, 2), (24, 0), (26, 2), (28, 0xFF),
            (31, 1), (33, 0, 1), (35, 8, 0), (45, 1), (47, 2, 0), (53, 0, 2), (59, 1), (62, 1),
            (65, 1), (0x59616D61, -1), (0x53564D41, 0), (1, 0), (1, 15), (1, 0x7FFFFFFF),
        ):
            attempt(f"prctl {option}", lambda: call(157, 167, option, *arguments, 0, 0, 0, 0))
        for persona in (0x40000, 0x400000, 0x200000, 0x100000, 0x8, 0x20000, 0x8000000):
            attempt("personality", lambda: call(135, 92, persona))
        room = ctypes.create_string_buffer(64)
        attempt("seccomp", lambda: call(317, 277, 0, 0, 0))
        attempt("landlock", lambda: call(444, 444, room, 8, 0))
        attempt("modify_ldt", lambda: call(154, 469, 1, room, 16))
        attempt("iopl", lambda: call(172, 469, 3))
        attempt("ioperm", lambda: call(173, 469, 0, 1, 1))
        attempt("pkey_alloc", lambda: call(330, 289, 0, 0))
        attempt("robust list", lambda: call(274, 100, os.getppid(), room, room))
        print("DONE")
        """,
    ),
    Probe(
        "become another user in every way",
        """
        for who in (0, 1, 1000, 60001, 65534):
            for name, x86, arm, arguments in (
                ("setuid", 105, 146, (who,)), ("setgid", 106, 144, (who,)),
                ("setreuid", 113, 145, (who, who)), ("setregid", 114, 143, (who, who)),
                ("setresuid", 117, 147, (who,) * 3), ("setresgid", 119, 149, (who,) * 3),
            ):
                attempt(name, lambda: call(x86, arm, *arguments))
            list_ = (ctypes.c_uint32 * 1)(who)
            attempt("setgroups", lambda: call(116, 159, 1, list_))
            if who == os.geteuid():
                continue
            call_ = libc.syscall(ctypes.c_long(122 if machine == "x86_64" else 151), who)
            if os.geteuid() == who:
                print("BROKEN setfsuid")
        header = (ctypes.c_uint32 * 2)(0x20080522, 0)
        data = (ctypes.c_uint32 * 6)()
        call(125, 90, header, data)
        if any(data):
            print("BROKEN capabilities", list(data))
        data[:] = [0xFFFFFFFF] * 6
        attempt("capset", lambda: call(126, 91, header, data))
        print("DONE")
        """,
    ),
    Probe(
        "gain rights by programs that have them",
        """
        import shutil
        for command in (["su", "-c", "id -u"], ["sudo", "-n", "id", "-u"], ["newgrp"], ["passwd"],
                        ["mount"], ["pkexec", "id", "-u"], ["unshare", "-Ur", "id", "-u"],
                        ["bwrap", "--bind", "/", "/", "id", "-u"], ["chsh"], ["ping", "127.1"]):
            program = shutil.which(command[0])
            if program is None:
                continue
            try:
                done = subprocess.run([program, *command[1:]], stdin=subprocess.DEVNULL,
                                      capture_output=True, text=True, timeout=20)
            except (OSError, subprocess.TimeoutExpired):
                continue
            if done.stdout.strip() == "0" or (done.returncode == 0 and command[0] != "mount"):
                print("BROKEN", command, done)
        Path("mine").write_bytes(Path("/usr/bin/env").read_bytes())
        try:
            os.chmod("mine", 0o6755)
        except PermissionError:
            pass
        print("DONE")
        """,
    ),
    Probe(
        "administer the machine",
        """
        room = ctypes.create_string_buffer(256)
        for name, x86, arm, arguments in (
            ("reboot", 169, 142, (0xFEE1DEAD, 672274793, 0, 0)), ("syslog", 103, 116, (10, 0, 0)),
            ("acct", 163, 89, (b"file",)), ("swapon", 167, 224, (b"file", 0)),
            ("swapoff", 168, 225, (b"file",)), ("quotactl", 179, 60, (0x800002, b"/dev/vda", 0, 0)),
            ("quotactl_fd", 443, 443, (3, 0, 0, 0)), ("sethostname", 170, 161, (b"evil", 4)),
            ("setdomainname", 171, 162, (b"evil", 4)), ("settimeofday", 164, 170, (room, 0)),
            ("clock_settime", 227, 112, (0, room)), ("adjtimex", 159, 171, (room,)),
            ("clock_adjtime", 305, 266, (0, room)), ("kexec_load", 246, 104, (0, 0, 0, 0)),
            ("kexec_file_load", 320, 294, (0, 0, 0, 0, 0)), ("vhangup", 153, 58, ()),
            ("sync", 162, 81, ()), ("syncfs", 306, 267, (0,)), ("uselib", 134, 469, (b"x",)),
            ("mount", 165, 40, (b"proc", b".", b"proc", 0, 0)), ("umount", 166, 39, (b".", 2)),
            ("move_mount", 429, 429, (-100, b".", -100, b".", 0)), ("fsmount", 432, 432, (3, 0, 0)),
            ("mount_setattr", 442, 442, (-100, b".", 0, room, 32)),
            ("fspick", 433, 433, (-100, b".", 0)), ("ustat", 136, 469, (0, room)),
            ("statmount", 457, 457, (room, room, 256, 0)),
            ("listmount", 458, 458, (room, room, 8, 0)),
            ("nfsservctl", 180, 42, (0, 0, 0)), ("sysfs", 139, 469, (3,)),
            ("lookup_dcookie", 212, 18, (0, room, 256)), ("io_setup", 206, 0, (8, room)),
            ("bpf", 321, 280, (5, room, 128)), ("perf", 298, 241, (room, 0, -1, -1, 0)),
            ("userfaultfd", 323, 282, (0,)), ("memory policy", 238, 237, (0, 0, 0)),
            ("move_pages", 279, 239, (0, 0, 0, 0, 0, 0)),
            ("migrate_pages", 256, 238, (0, 0, 0, 0)),
            ("lsm_set_self_attr", 460, 460, (100, room, 32, 0)),
            ("setxattrat", 463, 463, (0,) * 6), ("map_shadow_stack", 453, 453, (0, 4096, 0)),
            ("cachestat", 451, 451, (0, room, room, 0)),
        ):
            attempt(name, lambda: call(x86, arm, *arguments))
        attempt("raise a name", lambda: os.setpriority(os.PRIO_PROCESS, 0, -5))
        print("DONE")
        """,
    ),
    Probe(
        "go before other processes",
        """
        for policy in (os.SCHED_FIFO, os.SCHED_RR, os.SCHED_BATCH):
            for priority in (0, 1, 50):
                attempt("scheduler", lambda: os.sched_setscheduler(
                    0, policy, os.sched_param(priority)))
        attempt("parameter", lambda: os.sched_setparam(0, os.sched_param(1)))
        attempt("attributes", lambda: call(314, 274, 0, ctypes.create_string_buffer(
            bytes([48, 0, 0, 0, 6]) + bytes(43), 48), 0))
        attempt("nice", lambda: os.nice(-1))
        attempt("priority", lambda: os.setpriority(os.PRIO_PROCESS, 0, -20))
        attempt("group's", lambda: os.setpriority(os.PRIO_PGRP, 0, 5))
        for kind in (1, 2):
            attempt("I/O", lambda: call(251, 30, 1, 0, kind << 13))
        os.nice(5)
        print("DONE")
        """,
    ),
    Probe(
        "raise its limits",
        """
        import resource
        names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
        for name in names:
            kind = getattr(resource, name)
            soft, hard = resource.getrlimit(kind)
            if hard == resource.RLIM_INFINITY:
                if name in ("RLIMIT_DATA", "RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_FSIZE",
                            "RLIMIT_NOFILE", "RLIMIT_CPU", "RLIMIT_CORE"):
                    print("BROKEN no limit", name)
                continue
            for much in (hard + 1, resource.RLIM_INFINITY):
                attempt(name, lambda: resource.setrlimit(kind, (soft, much)))
                attempt(name, lambda: resource.prlimit(os.getpid(), kind, (much, much)))
            for pid in (os.getppid(), *OUTSIDE):
                attempt(name, lambda: resource.prlimit(pid, kind))
        print("DONE")
        """,
    ),
    Probe(
        "read and write its files of /proc",
        """
        nothing = os.stat("/dev/null").st_rdev
        def opened(path, flags):
            got = os.open(path, flags)
            if os.fstat(got).st_rdev == nothing:  # what an engine puts over some of them
                raise OSError("nothing")
            return got
        for name in ("mem", "oom_score_adj", "oom_adj", "clear_refs", "coredump_filter", "maps",
                     "uid_map", "gid_map", "setgroups", "attr/current", "loginuid", "timerslack_ns",
                     "comm", "root", "status", "mountinfo", "cgroup", "environ",
                     "pagemap", "syscall", "stack", "task", "fdinfo", "map_files", "ns", "net"):
            for who in ("self", os.getpid(), "thread-self", os.getppid(), 1):  # not exe, cwd
                path = f"/proc/{who}/{name}"
                attempt(path, lambda: opened(path, os.O_RDONLY))
                attempt(path, lambda: opened(path, os.O_WRONLY))
        for name in ("kcore", "kmsg", "kallsyms", "sysrq-trigger", "keys", "timer_list", "modules",
                     "sys/kernel/core_pattern", "sys/kernel/modprobe", "sys/vm/overcommit_memory",
                     "cmdline", "config.gz", "net/tcp", "net/unix", "meminfo", "mounts"):
            attempt(name, lambda: opened(f"/proc/{name}", os.O_RDONLY))
            attempt(name, lambda: opened(f"/proc/{name}", os.O_WRONLY))
        print("DONE")
        """,
    ),
    Probe(
        "enter the namespaces of other processes",
        """
        for pid in (os.getppid(), 1, *OUTSIDE):
            try:
                opened = os.pidfd_open(pid)
            except OSError:
                continue
            for flag in (0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x40000000):
                attempt("setns", lambda: call(308, 268, opened, flag))
        for flag in (0x400, 0x200, 0x80, 0x40000, 0x10000000 | 0x20000):
            attempt("unshare", lambda: call(272, 97, flag))
        attempt("a sibling", lambda: call(56, 220, 0x8000 | 17, 0, 0, 0, 0))
        attempt("a namespace of time", lambda: call(435, 435, ctypes.create_string_buffer(88), 88))
        attempt("chroot", lambda: call(161, 51, b"."))
        attempt("pivot_root", lambda: call(155, 41, b".", b"."))
        attempt("open_tree", lambda: call(428, 428, -100, b"/", 1))
        attempt("open_tree_attr", lambda: call(467, 467, -100, b"/", 1, 0, 0))
        print("DONE")
        """,
    ),
    Probe(
        "signal every number there is",
        """
        own = {os.getpid(), os.getpgid(0)}
        others = {*range(2, 4000), *range(max(2, os.getpid() - 500), os.getpid())} - own
        attempt("the first", lambda: os.kill(1, 0))
        def tried(send):
            for number in others:
                try:
                    send(number)
                except OSError:
                    continue
                print("BROKEN", number)
        tried(lambda number: os.kill(number, 0))
        tried(lambda number: os.killpg(number, 0))
        tried(lambda number: call(234, 131, number, number, 0))
        tried(lambda number: call(200, 130, number, 0))
        tried(lambda number: signal.pidfd_send_signal(os.pidfd_open(number), 0))
        print("DONE")
        """,
    ),
    Probe(
        "kill everyone at once",
        """
        for number in (signal.SIGKILL, signal.SIGSTOP):
            try:
                os.kill(-1, number)
            except OSError:
                pass
        print("DONE")
        """,
    ),
    Probe(
        "leave a core dump",
        """
        import resource
        if resource.getrlimit(resource.RLIMIT_CORE)[1] > 1:
            print("BROKEN limit", flush=True)
        child = os.fork()
        if child == 0:
            os.abort()
        _, status = os.waitpid(child, 0)
        if os.WCOREDUMP(status) or os.listdir("."):
            print("BROKEN core", os.listdir("."), flush=True)
        print("DONE")
        """,
    ),
    Probe(
        "find descriptors that a program inherits",
        """
        code = (
            "import os\\n"
            "for number in range(3, 256):\\n"
            "    try:\\n        os.fstat(number)\\n"
            "    except OSError:\\n        continue\\n"
            "    print('BROKEN', number)\\n"
        )
        print(subprocess.run([sys.executable, "-S", "-c", code], close_fds=False,
                             capture_output=True, text=True).stdout)
        kinds = {stat.S_IFMT(os.fstat(number).st_mode) for number in (0, 1, 2)}
        if not kinds <= {stat.S_IFIFO, stat.S_IFSOCK}:
            print("BROKEN kinds", kinds)
        for number in (0, 1, 2):
            attempt("name of a peer", lambda: call(42, 203, number, b"\\1\\0/run/x", 8))
        print("DONE")
        """,
    ),
    Probe(
        "load a filter or a program into the kernel",
        """
        room = ctypes.create_string_buffer(256)
        for command in range(0, 38):
            attempt("bpf", lambda: call(321, 280, command, room, 128))
        for operation in (0, 1, 2, 3):
            for flags in (0, 1, 8, 16):
                attempt("seccomp", lambda: call(317, 277, operation, flags, room))
        attempt("prctl", lambda: call(157, 167, 22, 1, 0, 0, 0))
        for number in (425, 426, 427):
            attempt("io_uring", lambda: call(number, number, 8, room, 0, 0, 0, 0))
        print("DONE")
        """,
    ),
    Probe(
        "use keys of the kernel",
        """
        room = ctypes.create_string_buffer(256)
        for ring in (-1, -2, -3, -4, -5, -6, -7, -8):
            for command in (0, 5, 6, 9, 10, 11, 19, 21):
                attempt("keyctl", lambda: call(250, 219, command, ring, room, 256, 0))
            attempt("add_key", lambda: call(248, 217, b"user", b"x", b"y" * 200, 200, ring))
            attempt("request_key", lambda: call(249, 218, b"user", b"x", 0, ring))
        print("DONE")
        """,
    ),
    Probe(
        "call by the numbers of another machine",
        """
        for number in (1, 5, 11, 102, 120, 192, 359):
            attempt("x32", lambda: call(0x40000000 + number, 1000 + number, 0, 0, 0))
        for number in (460, 468, 500, 512, 547, 1000, 65536, 0x7FFFFFFF):
            attempt("a later call", lambda: call(number, number, 0, 0, 0, 0))
        print("DONE")
        """,
    ),
    Probe(
        "call as a program of 32 bits",
        """
        if machine != "x86_64":
            os.abort()
        room = mmap.mmap(-1, 4096, prot=7)
        room.write(bytes.fromhex("b814000000cd80c3"))  # getpid by int 0x80
        at = ctypes.addressof(ctypes.c_char.from_buffer(room))
        print("BROKEN", ctypes.CFUNCTYPE(ctypes.c_int)(at)())
        """,
        ends="signal",
        done=False,
    ),
    Probe(
        "hide what it asks for in the upper half of an argument",
        """
        high = 1 << 32
        wide = lambda value: ctypes.c_ulong(high | value)
        opened = os.open(READABLE / "file", os.O_RDONLY)
        for command in (8, 15, 10, 1024, 1026, 1031, 1033, 1036):
            attempt(f"fcntl {command}", lambda: call(72, 25, opened, wide(command), 1))
        for flag in (0x10000000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000):
            attempt("clone", lambda: call(56, 220, wide(flag | 17), 0, 0, 0, 0) or os._exit(0))
        for who in (os.getppid(), *OUTSIDE):
            attempt("prlimit", lambda: call(302, 261, wide(who), 7, 0, 0))
            attempt("affinity", lambda: call(203, 122, wide(who), 8, ctypes.c_ulong(1)))
            attempt("priority", lambda: call(141, 140, wide(0), wide(who), 19))
            attempt("signal", lambda: call(62, 129, wide(who), 0))
        for option in (4, 8, 22, 24, 26, 33, 35, 47, 53, 57, 59, 62, 65, 67, 0x59616D61):
            attempt(f"prctl {option}", lambda: call(157, 167, wide(option), 1, 0, 0, 0))
        attempt("no death", lambda: call(157, 167, 1, wide(0), 0, 0, 0))
        attempt("another death", lambda: call(157, 167, 1, wide(18), 0, 0, 0))
        attempt("datagrams", lambda: call(53, 199, wide(1), wide(2), 0, (ctypes.c_int * 2)()))
        attempt("huge pages", lambda: call(9, 222, 0, 2 << 20, 3, wide(0x40022), -1, 0))
        attempt("nothing to read", lambda: call(257, 56, -100, b"/etc/shadow", wide(0x200003), 0))
        print("DONE")
        """,
    ),
    Probe(
        "have files send signals, and ask file systems and devices for more",
        """
        room = ctypes.create_string_buffer(4096)
        mine = os.open("x", os.O_RDWR | os.O_CREAT)
        left, right = socket.socketpair()
        null, random = os.open("/dev/null", os.O_RDWR), os.open("/dev/urandom", os.O_RDWR)
        doors = (
            0x5452, 0x8901, 0x8902, 0x5412, 0x541C, 0x541D, 0x5423, 0x5430,  # owners, typing
            0x40086602, 0x401C5820, 0x40049409, 0x4020940D, 0xC0189436, 0xC020660B,  # flags, clones
            0xC0045877, 0xC0045878, 0xC0185879, 0x40085203, 0x5206, 0x89E0, 0x8B00, 0x8940,
        )
        for name, number in (("file", mine), ("socket", left.fileno()), ("null", null),
                             ("random", random), ("input", 0), ("output", 1)):
            for door in doors:
                attempt(f"{name} {door:x}", lambda: call(16, 29, number, door, room))
        for command in (8, 10, 15, 16, 1024, 1025, 1026, 1027, 1031, 1033, 1034, 1036, 1037):
            attempt(f"fcntl {command}", lambda: call(72, 25, left.fileno(), command, room))
        print("DONE")
        """,
    ),
    Probe(
        "forge who it is on a pair of sockets, and have it lead elsewhere",
        """
        import struct
        for kind in (socket.SOCK_STREAM, socket.SOCK_SEQPACKET):
            left, right = socket.socketpair(socket.AF_UNIX, kind)
            for who in ((1, 0, 0), (os.getpid(), 0, 0), (os.getppid(), os.getuid(), os.getgid())):
                forged = [(socket.SOL_SOCKET, 2, struct.pack("3i", *who))]
                attempt(f"be {who}", lambda: left.sendmsg([b"x"], forged))
            for name in ("\\0qe-probe", str(CHECKOUT / "docker.sock")):
                attempt(f"connect {name}", lambda: left.connect(name))
                try:  # the address is not heeded: it goes to the other one of the pair
                    left.sendto(b"to " + name.encode(), name)
                except OSError as error:
                    print("refused send", error)
                else:
                    if right.recv(200) != b"to " + name.encode():
                        print("BROKEN send to", name)
                attempt(f"bind {name}", lambda: left.bind(name + "2"))
            attempt("listen", lambda: left.listen(1))
            attempt("accept", lambda: left.accept())
            for option in (1, 32, 33, 36, 46, 47, 51, 60, 61, 69):
                attempt(f"option {option}", lambda: left.setsockopt(1, option, 1 << 20))
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
            attempt(f"kind {kind}", lambda: socket.socketpair(socket.AF_UNIX, kind))
        for family in (2, 10, 16, 17, 29, 38, 40, 44):
            attempt(f"family {family}", lambda: call(53, 199, family, 1, 0, (ctypes.c_int * 2)()))
        print("DONE")
        """,
    ),
    Probe(
        "see what the page cache has, and mounts, and other later calls",
        """
        room = ctypes.create_string_buffer(4096)
        opened = os.open(READABLE / "file", os.O_RDONLY)
        for number in (*range(425, 434), 435, 437, 438, 440, *range(442, 452), *range(453, 475)):
            attempt(f"call {number}", lambda: call(number, number, opened, room, room, 0, 0, 0))
        attempt("mincore", lambda: call(27, 232, room, 4096, room))
        attempt("kcmp", lambda: call(312, 272, os.getpid(), os.getppid(), 0, 0, 0))
        attempt("robust list", lambda: call(274, 100, os.getppid(), room, room))
        attempt("syslog", lambda: call(103, 116, 3, room, 4096))
        attempt("sysfs", lambda: call(139, 9999, 3))
        attempt("ioprio", lambda: call(251, 30, 1, os.getppid(), 0x6000))
        attempt("scheduler", lambda: call(144, 119, 0, 3, room))
        attempt("attributes", lambda: call(314, 274, 0, room, 0))
        attempt("ports", lambda: call(172, 9999, 3))
        attempt("seccomp", lambda: call(317, 277, 1, 8, room))
        child = os.fork()
        if not child:
            time.sleep(30)
        for request in (0, 16, 0x4206):
            attempt(f"ptrace {request}", lambda: call(101, 117, request, child, 0, 0))
        os.kill(child, 9)
        print("DONE")
        """,
    ),
    Probe(
        "make nodes and put marks in the place of files",
        """
        os.makedirs("a/b", exist_ok=True)
        Path("a/x").write_text("x")
        for kind in (stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK):
            attempt(f"node {kind:o}", lambda: os.mknod("node", kind | 0o666, os.makedev(1, 3)))
            attempt(f"none {kind:o}", lambda: os.mknod("node", kind | 0o666, 0))
        attempt("whiteout", lambda: call(316, 276, -100, b"a/x", -100, b"a/y", 4))
        for other in (CHECKOUT / "key.pem", READABLE / "file", NEIGHBOUR / "file"):
            for flags in (0, 1, 2):
                attempt("rename", lambda: call(316, 276, -100, b"a/x", -100, bytes(other), flags))
                attempt("take", lambda: call(316, 276, -100, bytes(other), -100, b"a/z", flags))
            attempt("link", lambda: call(265, 37, -100, bytes(other), -100, b"a/l", 0x400))
            attempt("open by path", lambda: os.open(other, os.O_PATH | os.O_RDWR) and os.open(
                f"/proc/self/fd/{os.open(other, os.O_PATH)}", os.O_WRONLY))
        print("DONE")
        """,
    ),
)
