"""The driver's side, and the only file that imports Ray: nodes, and what is started on them."""

import logging
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from importlib import util
from tempfile import TemporaryFile
from time import monotonic, sleep
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np

from bench.errors import Problem, UsageError
from bench.running.cluster import node as on_node
from bench.running.cluster.head import CONNECTING_SECONDS, Watch, reach
from bench.text import in_one_line, one_line, shown

STDERR = 2  # its file descriptor
FREE_SECONDS = 30.0  # for what others have just given back to be told of
MISSING = "--cluster needs Ray: pip install 'loobench[cluster]'"


class NodeLost(Exception):
    """The node is gone, or cannot be used: another may do what it was to do."""


class ProcessLost(Exception):
    """The process that did it is gone, and its node is there."""


class OutOfMemory(ProcessLost):
    """The node has ended the process for want of memory."""


class ClusterLost(Problem):
    """Nothing can be asked of the cluster any more."""


class Node(NamedTuple):
    """A machine of the cluster."""

    id: str
    address: str
    cpus: float
    gpus: float
    memory_mb: int


@dataclass(frozen=True)
class Started:
    """Something that is being done on a node."""

    node: Node
    messages: Any  # Ray's references to them, as they come


class Cluster:
    """A connection to a Ray cluster of which this machine is a node."""

    def __init__(self, address: str) -> None:
        """Connect.

        Args:
            address: of its head, as host:port.

        Raises:
            UsageError: this is no such address.
            Problem: Ray is not installed, or nothing that can be used is there.
        """
        check_there(address)
        import ray

        self._ray, self._address = ray, address
        self._head = Watch(address)
        handler = signal.getsignal(signal.SIGTERM)
        said = _Said()
        # Ray prints pages of its own on a node that is lost, whatever it is told of logs.
        ray._private.worker.print_to_stdstream = lambda data, ignore_prefix: None
        try:
            with said:
                ray.init(address=address, log_to_driver=False, logging_level=logging.CRITICAL)
        except Exception as error:  # Ray has many kinds of them, some without a common base
            with suppress(Exception):
                ray.shutdown()
            raise Problem(f"cluster {address}: {_reason(error, said.text)}") from error
        finally:
            signal.signal(signal.SIGTERM, handler)  # Ray has one of its own
        self._do = ray.remote(on_node.do)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(Exception):  # where the cluster is lost there is nothing to leave
            self._ray.shutdown()

    @property
    def version(self) -> str:
        """Of Ray."""
        return str(self._ray.__version__)

    def nodes(self) -> list[Node]:
        """Those that are alive, by address.

        Raises:
            ClusterLost: nobody tells.
        """
        try:
            listed: Any = self._ray
            found = [each for each in listed.nodes() if each["Alive"]]
        except Exception as error:
            raise ClusterLost(f"the cluster is lost: {in_one_line(error)}") from error
        nodes = [
            Node(
                id=each["NodeID"],
                address=each["NodeManagerAddress"],
                cpus=each["Resources"].get("CPU", 0.0),
                gpus=each["Resources"].get("GPU", 0.0),
                memory_mb=int(each["Resources"].get("memory", 0.0) / 2**20),
            )
            for each in found
        ]
        return sorted(nodes, key=lambda each: each.address)

    def check_free(self) -> None:
        """Whether anything can start now; what cannot would wait for others without a word.

        Raises:
            Problem: others have all CPUs of the cluster.
        """
        ray: Any = self._ray
        end = monotonic() + FREE_SECONDS
        while ray.available_resources().get("CPU", 0.0) < 1:
            if monotonic() > end:
                raise Problem(f"cluster {self._address}: no CPU is free, others have them all")
            sleep(0.5)

    def share(self, value: bytes) -> Any:
        """Something that many orders have in common, sent to each node once."""
        return self._ray.put(np.frombuffer(value, dtype=np.uint8))

    def start(
        self,
        node: Node,
        program: str,
        order: bytes,
        shared: Any,
        *more: Any,
        cpus: int = 1,
        gpus: int = 0,
    ) -> Started:
        """Have an order done on a node, see `node.do` beside this; Ray itself retries nothing."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(node.id, soft=False)
        task = self._do.options(
            num_cpus=cpus,
            num_gpus=gpus,
            num_returns="streaming",
            max_retries=0,
            retry_exceptions=False,
            scheduling_strategy=there,
        )
        return Started(node, task.remote(program, shared.hex(), order, shared, *more))

    def wait(self, started: Iterable[Started], seconds: float) -> list[Started]:
        """Those that have something to say, after so many seconds at most.

        Raises:
            ClusterLost: its head is gone.
        """
        by_messages = {each.messages: each for each in started}
        try:
            self._head.look()
            ready, _ = self._ray.wait(list(by_messages), timeout=seconds, fetch_local=False)
        except OSError as error:
            raise ClusterLost(f"the cluster is lost: its head is gone ({error})") from error
        except self._ray.exceptions.RayError as error:
            raise ClusterLost(f"the cluster is lost: {in_one_line(error)}") from error
        return [by_messages[each] for each in ready]

    def next(self, started: Started) -> on_node.Message:
        """What it says next; the last is its answer.

        Raises:
            NodeLost, ProcessLost, OutOfMemory, ClusterLost: nothing, and this is to blame.
        """
        kinds = self._ray.exceptions
        try:
            return on_node.Message(*self._ray.get(next(started.messages)))
        except (kinds.NodeDiedError, kinds.TaskUnschedulableError, kinds.ObjectLostError) as error:
            raise NodeLost("it is gone") from error
        except kinds.OutOfMemoryError as error:
            raise OutOfMemory("its node ran out of memory") from error
        except kinds.WorkerCrashedError as error:
            raise ProcessLost("its worker process died") from error
        except kinds.RayTaskError as error:
            if isinstance(error.cause, on_node.ProcessEnded):
                raise ProcessLost(str(error.cause)) from error
            raise NodeLost(in_one_line(error.cause)) from error
        except kinds.RayError as error:
            raise ClusterLost(f"the cluster is lost: {in_one_line(error)}") from error

    def cancel(self, started: Iterable[Started]) -> None:
        """End what is being done, and wait until it has ended."""
        for each in started:
            with suppress(Exception):
                self._ray.cancel(each.messages, force=True)
        end = monotonic() + CONNECTING_SECONDS
        for each in started:
            with suppress(Exception):
                while self._ray.wait([each.messages], timeout=max(0.0, end - monotonic()))[0]:
                    self._ray.get(next(each.messages))


def check_there(address: str) -> None:
    """Whether anything listens; Ray itself would try for minutes.

    Args:
        address: of a head, as host:port.

    Raises:
        UsageError: this is no such address.
        Problem: nothing answers there, or Ray is not installed here.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise UsageError(
            f"--cluster takes the address of a head, as 10.0.0.1:6379, not {shown(address)}"
        )
    if util.find_spec("ray") is None:
        raise Problem(MISSING)
    try:
        reach(address)
    except OSError as error:
        raise Problem(f"cluster {address}: nothing answers there ({error})") from error


class _Said:
    """What Ray prints while it connects, also from its part in C++: our line is enough."""

    def __enter__(self) -> Self:
        sys.stderr.flush()
        self._file, self._errors = TemporaryFile(), os.dup(STDERR)
        os.dup2(self._file.fileno(), STDERR)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.dup2(self._errors, STDERR)
        os.close(self._errors)
        self._file.seek(0)
        self.text = self._file.read().decode(errors="replace")
        self._file.close()


def _reason(error: Exception, said: str) -> str:
    if "InvalidAuthToken" in said:
        return "its token is not the one of this machine, see $RAY_AUTH_TOKEN_PATH"
    return one_line(str(error).strip())[:300] or type(error).__name__
