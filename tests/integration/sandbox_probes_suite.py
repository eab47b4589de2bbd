"""Probes of what a whole suite is given beside what every run has: the loopback, shared memory."""

from __future__ import annotations

from sandbox_probes import Probe

LOOPBACK = (
    Probe(
        "lead a socket of the loopback elsewhere",
        """
        one = socket.socket()
        assert one.getsockopt(socket.SOL_SOCKET, 25, 16).startswith(b"lo\\0")
        for option in (25, 62):
            for value in (b"eth0\\0", b"\\0", (2).to_bytes(4, "little"), bytes(4)):
                attempt(f"device {option}", lambda: one.setsockopt(1, option, value))
        attempt("unicast", lambda: one.setsockopt(0, 50, (2 << 24).to_bytes(4, "little")))
        attempt("elsewhere", lambda: socket.create_connection(("198.51.100.7", 9), 1))
        attempt("fast", lambda: one.sendto(b"x", 0x20000000, ("198.51.100.7", 9)))
        server = socket.create_server(("127.0.0.1", 0))
        peer = socket.create_connection(server.getsockname())
        taken = server.accept()[0]
        for end in (taken, peer):
            assert end.getsockopt(socket.SOL_SOCKET, 25, 16).startswith(b"lo\\0")
        print("DONE")
        """,
        policy={"loopback": True},
    ),
    Probe(
        "open other sockets than the loopback's",
        """
        for family in range(0, 48):
            for kind in (1, 2, 3, 4, 5, 6, 10):
                if (family, kind) in ((2, 1), (10, 1)):
                    continue
                attempt(f"family {family} type {kind}", lambda: call(41, 198, family, kind, 0))
        for protocol in (1, 17, 132, 255, 256, 262):
            attempt(f"protocol {protocol}", lambda: call(41, 198, 2, 1, protocol))
        attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0qe-probe"))
        attempt("engine", lambda: socket.socket(socket.AF_UNIX).connect(
            str(CHECKOUT / "docker.sock")))
        attempt("datagrams", lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM))
        attempt("secret", lambda: (CHECKOUT / "key.pem").read_text())
        print("DONE")
        """,
        policy={"loopback": True},
    ),
    Probe(
        "take sockets of the loopback without end",
        """
        held = []
        attempt("sockets", lambda: [held.append(socket.socket()) for _ in range(400)])
        print("DONE")
        """,
        policy={"loopback": True},
    ),
)
SUITE = (
    Probe(
        "servers on the loopback",
        """
        import asyncio, threading
        server = socket.create_server(("127.0.0.1", 0))
        def serve():
            for _ in range(40):
                with server.accept()[0] as peer:
                    peer.sendall(b"hello")
        threading.Thread(target=serve, daemon=True).start()
        for _ in range(40):
            with socket.create_connection(("localhost", server.getsockname()[1])) as peer:
                assert peer.recv(5) == b"hello"
        async def talk():
            own = await asyncio.start_server(lambda _, way: way.close(), "127.0.0.1", 0)
            reader, way = await asyncio.open_connection(*own.sockets[0].getsockname())
            assert await reader.read() == b""
            way.close()
            own.close()
        asyncio.run(talk())
        code = "import socket; socket.create_server(('127.0.0.1', 0)); print('listens')"
        assert subprocess.check_output([sys.executable, "-c", code]) == b"listens\\n"
        print("DONE")
        """,
        policy={"loopback": True},
    ),
    Probe(
        "pools, locks and shared memory of multiprocessing",
        """
        import multiprocessing
        from multiprocessing.shared_memory import SharedMemory
        work = multiprocessing.get_context("fork")
        with work.Pool(2) as pool:
            assert pool.map(abs, [-1, -2]) == [1, 2]
        with work.Lock():
            line = work.Queue()
            line.put("x")
            assert line.get() == "x"
        left = SharedMemory(create=True, size=100)
        left.buf[0] = 1
        print("DONE", flush=True)
        os._exit(0)  # and so leaves it
        """,
        policy={"shared_memory": True},
    ),
)
