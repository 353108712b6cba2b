"""A model of another library as an adapter: it hands over, asks, and computes nothing."""

from collections.abc import Mapping
from dataclasses import asdict, field, make_dataclass
from functools import cache
from typing import Any, ClassVar, cast

from bench.adapter import Adapter, Run
from bench.interactions import Floats, Ids, Interactions
from bench.peers.bridge import Bridge
from bench.peers.definition import Library
from bench.peers.environment import environment_of
from bench.peers.known import peer


class Peer(Adapter):
    """A model of another library, in a process of that library's own Python.

    Its hyper-parameters are the library's. The process sees train, never a held-out item. It ends
    with the one that this runs in.
    """

    library: ClassVar[Library]
    model: ClassVar[str]  # as we call it

    _bridge: Bridge | None = None
    _fitted = True  # whether what is on the other side has learned already

    def unavailable(self, device: str = "cpu") -> str:
        """Why its library cannot be used here."""
        if device != "cpu" and not self.library.models[self.model].cuda:
            return f"{self.library.name}/{self.model} runs on the CPU alone"
        return environment_of(self.library).fault()

    def prepare(self, train: Interactions, run: Run) -> None:
        """Start the library, and let it take the data in."""
        if self._bridge is not None:
            self._bridge.close()
        settings = cast(Mapping[str, Any], asdict(cast(Any, self)))
        self._bridge = Bridge(environment_of(self.library), self.model, settings)
        self._bridge.prepare(train, run)
        self._fitted = False

    def fit(self, train: Interactions, run: Run) -> None:
        """Let the library learn.

        Raises:
            bench.peers.bridge.LibraryFailed: something went wrong there.
        """
        if self._fitted or self._bridge is None:
            self.prepare(train, run)
        assert self._bridge is not None
        self._fitted = True
        self._bridge.fit(lambda samples, loss: run.epoch(samples=samples, loss=loss))

    def scores(self, users: Ids) -> Floats:
        """Scores of the library."""
        assert self._bridge is not None
        return self._bridge.scores(users)

    def __del__(self) -> None:
        if self._bridge is not None:
            self._bridge.close()


def peer_class(name: str) -> type[Adapter]:
    """The adapter of "implicit/als": a dataclass whose fields are the library's hyper-parameters.

    Raises:
        UnknownName: there is no such library, or no such model of it.
        BadPeer: the library's folder cannot be used.
    """
    library, model = peer(name)
    return _class_of(name, repr((library, model)))


@cache
def _class_of(name: str, state: str) -> type[Adapter]:
    """One class for each state of a library's folder."""
    library, model = peer(name)
    parameters: list[Any] = []
    for parameter, default in model.parameters.items():
        value = tuple(default) if isinstance(default, list) else default
        parameters.append((parameter, _type_of(value), field(default=value)))
    facts = {"library": library, "model": model.name, "search": model.search}
    made = make_dataclass(
        "".join(word.capitalize() for word in name.replace("/", "_").split("_")),
        parameters,
        bases=(Peer,),
        kw_only=True,
        eq=False,
        namespace={**facts, "uses_order": model.order},
    )
    return cast(type[Adapter], made)


def _type_of(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple[type(value[0]) if value else Any, ...]  # type: ignore[misc]
    return type(value)
