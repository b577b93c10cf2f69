"""A TCP proxy whose line can be made bad while connections are open."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import Enum, auto
from types import TracebackType
from typing import Any, Self

from tests.support.processes import LOOPBACK, free_port

_CHUNK = 64 * 1024  # bytes
_SWITCH_TIMEOUT_S = 10.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends RST and drops what is unsent


class _Line(Enum):
    """How the line between client and target behaves."""

    PASSING = auto()
    REFUSING = auto()
    SILENT = auto()
    SLOW = auto()


class FaultyProxy:
    """Passes bytes between clients and one target; the faults are switched by methods.

    It listens on `host`:`port` from its making until `close`, in a thread of its own. A switch is in force
    when its method returns. The target need not exist yet: it is called anew for every client.
    """

    def __init__(self, target_host: str, target_port: int) -> None:
        self.host = LOOPBACK
        self.port = free_port()
        self._target = (target_host, target_port)
        self._line = _Line.PASSING
        self._delay_s = 0.0
        self._switched = asyncio.Event()  # set, and replaced by a fresh one, when the line changes
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty-proxy", daemon=True)
        self._thread.start()
        self._run(self._listen())

    def pass_through(self) -> None:
        """Heal the line. What `blackhole` or `delay` held back arrives now, as if it were retransmitted."""
        self._run(self._switch(_Line.PASSING))

    def refuse(self) -> None:
        """Refuse new connections and reset the open ones, like a server that was killed."""
        self._run(self._switch(_Line.REFUSING))

    def blackhole(self) -> None:
        """Let no byte through and close nothing, like a firewall that began to drop packets.

        A new connection is accepted and stays silent too.
        """
        self._run(self._switch(_Line.SILENT))

    def delay(self, seconds: float) -> None:
        """Hold back each answer for `seconds`.

        An answer begins with what the target sends first after a request, or after the connection was made;
        the rest of a long one follows at once.
        """
        self._delay_s = seconds
        self._run(self._switch(_Line.SLOW))

    def close(self) -> None:
        """Reset all connections and free the port; may be repeated."""
        if self._loop.is_closed():
            return
        self._run(self._switch(_Line.REFUSING))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work` in the proxy's thread and wait for its end."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_SWITCH_TIMEOUT_S)

    async def _switch(self, line: _Line) -> None:
        self._line = line
        if line is _Line.REFUSING:
            await self._cut()
            return
        await self._listen()
        self._switched.set()
        self._switched = asyncio.Event()

    async def _cut(self) -> None:
        """Stop listening and reset all connections; none is woken, so none sends what it held back."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _listen(self) -> None:
        if self._listener is None:
            self._listener = await asyncio.start_server(self._accept, self.host, self.port)

    def _accept(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        connection = self._loop.create_task(self._serve(client_in, client_out))
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        connection.add_done_callback(lambda _: _reset(client_out))  # if it was cut before it began

    async def _serve(self, client_in: asyncio.StreamReader, client_out: asyncio.StreamWriter) -> None:
        """Serve one client until both sides have ended, one of them fails or `_switch` cuts it."""
        ends = [client_out]
        try:
            await self._while_silent()
            target_in, target_out = await asyncio.open_connection(*self._target)
            ends.append(target_out)
            answer_due = asyncio.Event()
            answer_due.set()  # some servers greet before they are asked
            async with asyncio.TaskGroup() as both_ways:
                both_ways.create_task(self._carry_requests(client_in, target_out, answer_due))
                both_ways.create_task(self._carry_answers(target_in, client_out, answer_due))
            for end in ends:
                end.close()
                await end.wait_closed()
        except* (OSError, asyncio.CancelledError):  # a side failed, or we cut: the other side sees a reset
            for end in ends:
                _reset(end)

    async def _carry_requests(
        self, client: asyncio.StreamReader, target: asyncio.StreamWriter, answer_due: asyncio.Event
    ) -> None:
        while chunk := await client.read(_CHUNK):
            await self._while_silent()
            answer_due.set()
            target.write(chunk)
            await target.drain()
        await self._while_silent()
        target.write_eof()

    async def _carry_answers(
        self, target: asyncio.StreamReader, client: asyncio.StreamWriter, answer_due: asyncio.Event
    ) -> None:
        while chunk := await target.read(_CHUNK):
            if answer_due.is_set():
                answer_due.clear()
                await self._while_slow()
            await self._while_silent()
            client.write(chunk)
            await client.drain()
        await self._while_silent()
        client.write_eof()

    async def _while_silent(self) -> None:
        while self._line is _Line.SILENT:
            await self._switched.wait()

    async def _while_slow(self) -> None:
        """Wait out the delay; a switch to another line ends it early."""
        due = self._loop.time() + self._delay_s
        while self._line is _Line.SLOW and (left := due - self._loop.time()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._switched.wait()


def _reset(connection: asyncio.StreamWriter) -> None:
    """Close at once with RST instead of a farewell."""
    raw: socket.socket = connection.get_extra_info("socket")
    if raw.fileno() != -1:  # not closed yet
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
    connection.transport.abort()
