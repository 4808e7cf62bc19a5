"""Uploads under way in this process: bytes from connections to receipts, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TypeVar

from fastapi import Request
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.headers import MOST_BYTES
from geo.errors import HeldError, LeaseLostError
from leads.store.uploads import UploadRow
from leads.uploads.receipt import Hashes, Receipt

Result = TypeVar("Result")

LEAST, MOST = 1 << 20, 4 << 20
"""Bytes that are handed to a thread at once, and most that wait while it works."""
LOOK_S = 1.0
"""Seconds between looks whether somebody took over, or the link went silent."""
TAKE_OVER_S = 10.0
"""How long another writer is waited for that does not know yet that it was taken over."""
SWEEP_S = 3600.0
"""Seconds between two sweeps of what uploads left behind."""
FIRST_SWEEP_S = 60.0
"""Seconds after the start before the first: other processes start as well."""
THREADS = 16
"""Uploads that write at the same instant; the others wait for their turn."""


class UploadsUnderWay:
    """All uploads that this process receives, by their id."""

    def __init__(self) -> None:
        self.hashes = Hashes()
        self._pool: ThreadPoolExecutor | None = None
        self._live: dict[str, _Live] = {}

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do what blocks in a thread of its own."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="upload")
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def settle(self, upload_id: str) -> None:
        """Let the row know of all that came here, where the upload is received here."""
        live = self._live.get(upload_id)
        if live is not None:
            with suppress(Exception):  # its own request tells what is wrong
                await live.push()
                await self.run(live.receipt.settle)

    async def stop(self, upload_id: str) -> None:
        """End a request of this process that still receives an upload, and keep its bytes."""
        live = self._live.get(upload_id)
        if live is not None:
            live.stopped.set()
            await live.ended.wait()

    async def receive(self, request: Request, receipt: Receipt, offset: int) -> UploadRow:
        """All bytes of a request; the newest request of an upload wins.

        Raises HeldError, ConflictError, ChecksumError, DiskFullError, and ClientDisconnect where
        the sender went away; what came until then is kept, unless it had a checksum.
        """
        await self.stop(receipt.upload_id)
        live = _Live(self, receipt)
        self._live[receipt.upload_id] = live
        try:
            row = await self._begin(receipt, offset)
            _allow(request, row.bytes - offset)
            await live.drain(request)
            return await self.run(receipt.end)
        finally:
            if self._live.get(receipt.upload_id) is live:
                del self._live[receipt.upload_id]
            await asyncio.shield(self.run(receipt.close))
            live.ended.set()

    async def _begin(self, receipt: Receipt, offset: int) -> UploadRow:
        patience = monotonic() + TAKE_OVER_S
        while True:
            try:
                return await self.run(lambda: receipt.begin(offset))
            except HeldError:
                if monotonic() > patience:
                    raise
                await asyncio.sleep(0.2)

    async def every_hour(self, sweep: Callable[[], None]) -> None:
        """Sweep soon after the server started, and once an hour from then on, until cancelled."""
        await asyncio.sleep(FIRST_SWEEP_S)
        while True:
            await self.run(sweep)
            await asyncio.sleep(SWEEP_S)

    def close(self) -> None:
        """Let go of the threads; a later upload starts new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


@dataclass(eq=False)
class _Live:
    """One request that is received."""

    under_way: UploadsUnderWay
    receipt: Receipt
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    _gathered: list[bytes] = field(default_factory=list)
    _size: int = 0
    _pushing: "asyncio.Task[None] | None" = None
    _order: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def drain(self, request: Request) -> None:
        """Take all bytes, until the end, a dropped link, or another writer."""
        coming = asyncio.create_task(self._come(request))
        stopping = asyncio.create_task(self.stopped.wait())
        try:
            while not coming.done():
                await asyncio.wait(
                    {coming, stopping}, timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED
                )
                self._check_stopped()
                if not coming.done():
                    await self.push()
                    await self.under_way.run(self.receipt.tick)
            await coming
        except LeaseLostError:
            if self.stopped.is_set():  # a newer request of this process: hand over what is here
                await self._keep()
            raise
        except (ClientDisconnect, HTTPException, asyncio.CancelledError):
            await asyncio.shield(self._keep())
            raise
        finally:
            coming.cancel()
            stopping.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await coming

    def _check_stopped(self) -> None:
        if self.stopped.is_set():
            raise LeaseLostError(
                f"upload {self.receipt.upload_id}: another connection goes on with it"
            )

    async def push(self) -> None:
        """Hand over what was gathered, in its order."""
        async with self._order:
            if self._gathered:
                data, self._gathered, self._size = self._gathered, [], 0
                await self.under_way.run(lambda: self.receipt.take(data))

    async def _come(self, request: Request) -> None:
        more = True
        while more:
            message = await request.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            if body := message.get("body"):
                self._gathered.append(body)
                self._size += len(body)
            more = message.get("more_body", False)
            if self._pushing is not None and self._pushing.done():
                self._pushing.result()
                self._pushing = None
            if self._size >= MOST and self._pushing is not None:
                await self._pushing
                self._pushing = None
            if self._size >= LEAST and self._pushing is None:
                self._pushing = asyncio.create_task(self.push())
        if self._pushing is not None:
            await self._pushing
        await self.push()

    async def _keep(self) -> None:
        if self.receipt.checksum is not None:
            return
        with suppress(Exception):  # what cannot be kept is sent again
            if self._pushing is not None:
                await self._pushing
            await self.push()
            await self.under_way.run(self.receipt.end)


def _allow(request: Request, most_bytes: int) -> None:
    """Let this request's body be as large as what its upload still lacks."""
    request.scope[MOST_BYTES] = most_bytes
