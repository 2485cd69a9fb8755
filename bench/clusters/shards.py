"""Runs shards as actors on the machines of a cluster."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slategym.bench.clusters.connection import check_version
from slategym.bench.sharding.channels import ShardLostError, Start
from slategym.bench.sharding.setup import Setup, packed_setup
from slategym.bench.sharding.threads import ShardThread
from slategym.utils.plugins import loaded_files, make_importable
from slategym.utils.storage.fingerprint import code_version


def shard_actors(ray: Any) -> Start:
    """A function that starts shards on a cluster, spread over its machines.

    Args:
        ray: the connection, from `connected`.
    """

    @contextmanager
    def start(setup: Setup) -> Iterator[list[ActorChannel]]:
        there = int(ray.cluster_resources().get("CPU", 0))
        if there < setup.shards:
            raise ValueError(f"the cluster has {there} processors: expected one for each of the {setup.shards} shards")
        content, common = ray.put(packed_setup(setup)), ray.put((loaded_files(), code_version()))
        remote = ray.remote(ShardActor).options(num_cpus=1, max_restarts=0, scheduling_strategy="SPREAD")
        channels = [ActorChannel(ray, remote.remote(content, index, common), index) for index in range(setup.shards)]
        try:
            yield channels
        finally:
            for channel in channels:
                channel.end()

    return start


class ShardActor:
    """A shard in a process of the cluster, which returns its messages one after the other.

    Args:
        setup: the setup of the run, pickled.
        index: the index of the shard.
        common: the Python files from which custom code was loaded, and the version of the code.

    Raises:
        RuntimeError: this machine has another version.
    """

    def __init__(self, setup: bytes, index: int, common: tuple[dict[str, Path], Mapping[str, str]]) -> None:
        files, version = common
        check_version(version)
        make_importable(files)
        self._shard = ShardThread(pickle.loads(setup), index)

    def go_on(self, answer: bytes | None) -> bytes:
        """Pass the answer to the last message on to the shard, and wait for its next message.

        Args:
            answer: the answer, pickled; None before the first message.
        """
        if answer is not None:
            self._shard.send(answer)
        return self._shard.receive()


class ActorChannel:
    """The channel to a shard on a cluster.

    Args:
        ray: the connection.
        actor: the handle of a `ShardActor`.
        index: the index of the shard.
    """

    def __init__(self, ray: Any, actor: Any, index: int) -> None:
        self._ray, self._actor, self._index = ray, actor, index
        self._next = actor.go_on.remote(None)

    @property
    def actor(self) -> Any:
        """The actor."""
        return self._actor

    def receive(self) -> bytes:
        """See `Channel.receive`."""
        try:
            message: bytes = self._ray.get(self._next)
        except self._ray.exceptions.ActorDiedError as error:
            if isinstance(error.cause if hasattr(error, "cause") else None, RuntimeError):
                raise
            raise self._lost(error) from error
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, ShardLostError):
                raise self._lost(error.cause) from error
            raise
        except self._ray.exceptions.RayError as error:
            raise self._lost(error) from error
        return message

    def send(self, answer: bytes) -> None:
        """See `Channel.send`."""
        self._next = self._actor.go_on.remote(answer)

    def end(self) -> None:
        """End the actor."""
        self._ray.kill(self._actor)

    def _lost(self, error: Exception) -> ShardLostError:
        return ShardLostError(f"shard {self._index} was lost: {' '.join(str(error).split())[:200]}")
