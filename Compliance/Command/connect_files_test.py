"""`duplex connect`: binary messages from files, and into files."""

import os
import pathlib
import struct
import tempfile

from checks import check, equal
from connect_commands_test import close, recording, server_frame
from peers import peer
from wire import BINARY, CLOSE, TEXT

SIZES = (0, 1, 125, 126, 65535, 65536, 3 << 20)


def run(duplex):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = [folder / f"{size}" for size in SIZES]
        for file, size in zip(files, SIZES):
            file.write_bytes(os.urandom(size))
        given = [part for file in files for part in ("--binary", file)]
        sending(duplex, files, given)
        saving(duplex, folder, files, given)


def sending(duplex, files, given):
    with recording() as (url, came):
        with check("--binary, repeated: each file is a message, ahead of the input"):
            result = duplex.run("connect", url, *given, input=b"line\n")
            equal(came == [*((BINARY, file.read_bytes()) for file in files), (TEXT, b"line"), close(1000)], True)
            equal((result.status, result.out), (0, "".join(f"({size} bytes of binary)\n" for size in SIZES) + "line\n"))
        came.clear()
        with check("files that are larger than what may wait for the network"):
            large = files[0].parent / "large"
            large.write_bytes(bytes(20 << 20))
            sizes = []

            def counts(one):
                one.request().accept()
                for _ in range(4):
                    sizes.append(len(one.message()[1]))
                one.send(server_frame(*close(1000)))
                one.closed()

            with peer(counts) as (port, problems):
                result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--compression", "off", "--commands", *["--binary", large] * 2,
                                    input=f"x\n/binary {large}\n".encode())
            equal((result.status, sizes, problems), (0, [20 << 20, 20 << 20, 1, 20 << 20], []))
        came.clear()
        with check("--binary with a file that is not there: told in one line; the others, and the input, are sent"):
            result = duplex.run("connect", url, "--binary", f"{files[1]}.missing", "--binary", files[1], input=b"line\n")
            equal((came, result.status, len(result.lines)), ([(BINARY, files[1].read_bytes()), (TEXT, b"line"), close(1000)], 0, 2))
            assert f"{files[1]}.missing cannot be read" in result.lines[1], result


def saving(duplex, folder, files, given):
    with recording() as (url, _):
        for name in ("made/for/it", "made/for/it"):
            saved = folder / name
            with check("--save: the bytes of each message in a file of its own, whose path is told"):
                result = duplex.run("connect", url, *given, "--save", saved, input=b"line\n")
                names = sorted(saved.iterdir())
                equal([path.name for path in names], [f"{number:06}.bin" for number in range(1, len(SIZES) + 1)])
                equal([path.read_bytes() == file.read_bytes() for path, file in zip(names, files)], [True] * len(SIZES))
                wanted = "".join(f"({size} bytes of binary: {path})\n" for size, path in zip(SIZES, names))
                equal((result.status, result.out), (0, wanted + "line\n"))
        with check("--save into what is no folder: one line, nothing is sent"):
            result = duplex.run("connect", url, "--save", files[0], input=b"line\n")
            assert result.status in (1, 64) and not result.out and str(files[0]) in result.lines[0], result

    def sends(one):
        one.request().accept().send(server_frame(BINARY, b"x") + server_frame(CLOSE, struct.pack("!H", 1000)))
        one.closed()

    with check("--save where nothing can be written: told, the server is told 1000"):
        saved = folder / "full"
        # A folder in the way of the file: that stops root as well.
        (saved / "000001.bin").mkdir(parents=True)
        with peer(sends) as (port, problems):
            result = duplex.run("connect", f"ws://127.0.0.1:{port}/", "--save", saved)
        equal(problems, [])
        assert "a message cannot be saved" in result.err, result
