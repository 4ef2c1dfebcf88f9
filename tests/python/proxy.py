"""A network between an audit and a server that can be slow, be cut, or answer by itself."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread


class Network:
    """Passes on what comes to a port of 127.0.0.1, as late as it is told.

    Attributes:
        port: where it listens.
        delay_s: how long each piece of traffic is under way.
        is_cut: whether it refuses everybody; those under way are cut off at once.
        answer: what it says to whoever says something, instead of passing it on; None for that.
    """

    def __init__(self, to_port: int) -> None:
        self.port = 0
        self.delay_s = 0.0
        self.is_cut = False
        self.answer: bytes | None = None
        self._to_port = to_port
        self._loop = asyncio.new_event_loop()
        self._writers: set[asyncio.StreamWriter] = set()

    def cut(self) -> None:
        """Cuts every connection, and refuses the next."""
        self.is_cut = True
        self._loop.call_soon_threadsafe(self._abort)

    def restore(self) -> None:
        """Lets connections through again."""
        self.is_cut = False

    def _abort(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to_port)
        self._writers |= {writer, far_writer}
        await asyncio.gather(
            self._pass(reader, far_writer, back=writer), self._pass(far_reader, writer)
        )
        self._writers -= {writer, far_writer}

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        back: asyncio.StreamWriter | None = None,
    ) -> None:
        try:
            while data := await reader.read(65_536):
                if back and self.answer:
                    back.write(self.answer)
                    await back.drain()
                    return
                await asyncio.sleep(self.delay_s)
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        listening = self._loop.run_until_complete(
            asyncio.start_server(self._accept, "127.0.0.1", 0)
        )
        self.port = listening.sockets[0].getsockname()[1]
        self._loop.run_forever()


@contextmanager
def network(to_port: int) -> Iterator[Network]:
    """A network in front of a port, in a thread of its own."""
    made = Network(to_port)
    thread = Thread(target=made._serve, daemon=True)
    thread.start()
    while not made.port:
        thread.join(0.01)
    try:
        yield made
    finally:
        made.cut()
        made._loop.call_soon_threadsafe(made._loop.stop)
        thread.join(5)
