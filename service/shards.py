"""A cluster as one link: a lane to each server that holds keys, and the map of who holds which.

A server that fails is felt only by those whose keys it holds: each lane has a breaker of its own.
"""

import asyncio
import random
import time
from collections.abc import Sequence

from redis import exceptions
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from service.lane import ELSEWHERE, PROBE, Lane, LinkDown, LinkState, Reply, Script
from service.redis_url import FAILURES, Argument, Map, Place, RedisCluster, read_map

_FIRST_LOOK, _LAST_LOOK = 0.05, 1.0  # seconds between two looks at the map; doubled, with jitter
_HANDOVER = 0.02  # seconds until a call is tried again whose keys are on the move
_MOVES = 3  # a call follows its slot; where servers disagree it goes round in circles
_PROBE_KEYS = 50_000  # tried in search of one for each server


class Shards:
    """The lanes and the map, which is read anew whenever a server fails or says that it is old.

    All keys of one call share a hash tag. A call follows its slot to where that has moved; while
    it is on the move, the call is tried again until its time is over.
    """

    def __init__(self, cluster: RedisCluster, *, timeout: float) -> None:
        self._cluster = cluster
        self._timeout = timeout
        self._lanes: dict[Place, Lane] = {}
        self._owners: list[Place | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        self._holders: set[Place] = set()  # who is among them
        self._is_whole = False  # whether every slot has an owner
        self._known = set(cluster.seeds)  # who can be asked for the map, replicas too
        self._looked = asyncio.Event()  # once the map was asked for, whether it was found or not
        self._watch: asyncio.Task[None] | None = None
        self._since = time.monotonic()
        self._last_error = ""

    @property
    def state(self) -> LinkState:
        """Down while any server is that holds keys: that of the one which is so the longest."""
        states = [self._lane(place).state for place in self._holders]
        if not states:
            return LinkState("down", time.monotonic() - self._since, self._last_error)
        down = [state for state in states if state.status == "down"]
        return max(down or states, key=lambda state: state.seconds)

    async def call(self, script: Script, keys: Sequence[str], args: Sequence[Argument]) -> Reply:
        """Run a script and return its reply.

        Raises LinkDown: after the timeout, after twice as long where its keys have just moved.
        """
        slot = key_slot(keys[0].encode())
        deadline = time.monotonic() + self._timeout
        moves = 0
        while True:
            lane = await self._lane_for(slot)
            try:
                try:
                    return await lane.call(script, keys, args)
                except LinkDown as error:
                    if type(error.__cause__) is not exceptions.AskError:
                        raise
                    target = self._named(error.__cause__, by=slot)
                return await self._lane(target).ask(script, keys, args)
            except LinkDown as error:
                elsewhere = error.__cause__
                if isinstance(elsewhere, exceptions.MovedError) and moves < _MOVES:
                    moves += 1
                    self._note_move(slot, self._named(elsewhere, by=slot))
                    continue
                if not isinstance(elsewhere, ELSEWHERE) or time.monotonic() > deadline:
                    raise
            await asyncio.sleep(_HANDOVER)

    async def ping(self) -> bool:
        """Whether every server that holds keys answers now; at once where its breaker is open."""
        await self._first_look()
        probes = [self._answers(self._lane(place).probe_key) for place in self._holders]
        return bool(probes) and all(await asyncio.gather(*probes))

    async def aclose(self) -> None:
        """Close the connections; calls still waiting get LinkDown."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
        for lane in self._lanes.values():
            await lane.aclose()

    async def _answers(self, key: str) -> bool:
        try:
            return await self.call(PROBE, (key,), ()) == 1
        except LinkDown:
            return False

    # --- lanes --------------------------------------------------------------------------------

    async def _lane_for(self, slot: int) -> Lane:
        owner = self._owners[slot]
        if owner is None:
            await self._first_look()
            owner = self._owners[slot]
            if owner is None:
                raise LinkDown(self._last_error or "nobody holds this key's slot")
        return self._lane(owner)

    def _lane(self, place: Place) -> Lane:
        lane = self._lanes.get(place)
        if lane is None:
            client = self._cluster.open(place)
            lane = Lane(client, timeout=self._timeout, on_break=self._look)
            self._lanes[place] = lane
        return lane

    def _named(self, elsewhere: exceptions.AskError, by: int) -> Place:
        """Where a server sends us; without a host it means its own."""
        owner = self._owners[by]
        return elsewhere.host or (owner[0] if owner else ""), elsewhere.port

    # --- the map ------------------------------------------------------------------------------

    def _note_move(self, slot: int, owner: Place) -> None:
        self._owners[slot] = owner
        self._holders.add(owner)
        self._look()

    async def _first_look(self) -> None:
        """Return once the map was asked for, or when a call has waited long enough for it."""
        if not self._is_whole:
            self._look()
        try:
            async with asyncio.timeout(self._timeout):
                await self._looked.wait()
        except TimeoutError:
            self._last_error = self._last_error or "TimeoutError"

    def _look(self) -> None:
        if self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._watch_map())

    async def _watch_map(self) -> None:
        """Read the map, again and again while a server fails: a replica may take its place."""
        delay = _FIRST_LOOK
        try:
            while True:
                found = await self._read_map()
                self._looked.set()
                await asyncio.sleep(delay * random.uniform(0.5, 1.5))  # noqa: S311
                if found and self._is_whole and self.state.status == "up":
                    return
                delay = min(delay * 2, _LAST_LOOK)
        finally:
            self._watch = None

    async def _read_map(self) -> bool:
        """Ask one server after the other, until one knows."""
        for place in random.sample(sorted(self._known), len(self._known)):
            try:
                async with asyncio.timeout(self._timeout / 2):
                    found = await read_map(self._cluster, place)
            except FAILURES as error:
                self._last_error = type(error).__name__
                continue
            if found.spans:
                await self._adopt(found)
                return True
        return False

    async def _adopt(self, found: Map) -> None:
        owners: list[Place | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for first, last, place in found.spans:
            owners[first : last + 1] = [place] * (last + 1 - first)
        self._owners = owners
        self._is_whole = None not in owners
        self._holders = {owner for owner in owners if owner is not None}
        self._known = {*self._cluster.seeds, *found.servers}
        self._find_probe_keys()
        for place, lane in list(self._lanes.items()):
            if place not in self._holders and not lane.is_busy:
                del self._lanes[place]
                await lane.aclose()

    def _find_probe_keys(self) -> None:
        wanted = set(self._holders)
        for number in range(_PROBE_KEYS):
            if not wanted:
                return
            key = f"desk:probe:{number}"
            owner = self._owners[key_slot(key.encode())]
            if owner in wanted:
                wanted.remove(owner)
                self._lane(owner).probe_key = key
