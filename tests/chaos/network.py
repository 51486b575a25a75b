"""Lines between the parts that can be cut: a small TCP proxy on each, all in one thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable
from enum import Enum

_RESET = struct.pack("ii", 1, 0)
_BLOCK_BYTES = 64 << 10


class Line(Enum):
    """How a line is."""

    OPEN = "open"
    REFUSING = "refusing"
    """Connections are reset, and new ones as soon as they come."""
    SILENT = "silent"
    """Connections stay and nothing passes, as when packets are dropped."""


class Wire:
    """One line: a port of its own, behind it a server."""

    def __init__(self, name: str, target_port: int) -> None:
        self.name = name
        self.port = 0
        self.state = Line.OPEN
        self._target_port = target_port
        self._passing = asyncio.Event()
        self._passing.set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Begin to take connections."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]

    def change(self, state: Line) -> None:
        """What the line does from now on; in the network's thread only."""
        self.state = state
        if state is Line.REFUSING:
            for writer in list(self._writers):
                _reset(writer)
        if state is Line.SILENT:
            self._passing.clear()
        else:
            self._passing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._passing.wait()
        if self.state is Line.REFUSING:
            _reset(writer)
            return
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            _reset(writer)
            return
        pair = {writer, there_writer}
        self._writers |= pair
        try:
            with contextlib.suppress(asyncio.CancelledError):  # the network ends
                there = self._pump(reader, there_writer, writer)
                await asyncio.gather(there, self._pump(there_reader, writer, there_writer))
        finally:
            self._writers -= pair
            for one in pair:
                one.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamWriter
    ) -> None:
        """Carry bytes one way to their end; a connection that one side broke off is broken off on the other, too."""
        try:
            while block := await reader.read(_BLOCK_BYTES):
                await self._passing.wait()
                writer.write(block)
                await writer.drain()
            await self._passing.wait()
            writer.write_eof()
        except OSError:
            await self._passing.wait()
            _reset(writer)
            _reset(back)


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


class Network:
    """All lines, and the thread that they run in."""

    def __init__(self) -> None:
        self.wires: dict[str, Wire] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="network", daemon=True)
        self._thread.start()

    def lay(self, name: str, target_port: int) -> int:
        """A line to a server of this machine; the port to speak to instead."""

        async def lay() -> Wire:
            wire = Wire(name, target_port)
            await wire.listen()
            return wire

        self.wires[name] = asyncio.run_coroutine_threadsafe(lay(), self._loop).result(10)
        return self.wires[name].port

    def change(self, names: list[str], state: Line) -> None:
        """What these lines do from now on."""
        for name in names:
            self._call(lambda name=name: self.wires[name].change(state))  # type: ignore[misc]

    def _call(self, what: Callable[[], None]) -> None:
        self._loop.call_soon_threadsafe(what)

    def end(self) -> None:
        """No more lines."""

        async def end() -> None:
            serving = asyncio.all_tasks() - {asyncio.current_task()}
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(10)
        self._loop.close()
