"""Ways to serve people that a fitted model has never seen."""

from typing import Protocol

from bench.adapter import Adapter
from bench.errors import BadParameter, unknown
from bench.fold_in.alike import Alike
from bench.fold_in.own import Own
from bench.fold_in.prior import Prior
from bench.interactions import Floats, Interactions

WAYS = ("own", "prior", "alike")


class FoldIn(Protocol):
    """Serves new people by what little is known of them; the model stays as it is."""

    def scores(self, people: Interactions) -> Floats:
        """Score every item for some new people: float32 [p, n_items], higher is better.

        Args:
            people: what p people chose, numbered 0..p-1, of the catalogue that the model knows;
                ordered by user, then time. Who has chosen nothing gets scores too.
        """


def ways_of(adapter: Adapter | type[Adapter]) -> tuple[str, ...]:
    """The ways that a model, or all of a class, can serve new people, as `WAYS` has them in order.

    own: the model has `welcome`; prior: it has `equations`; alike: any model.
    """
    cls = adapter if isinstance(adapter, type) else type(adapter)
    can = {
        "own": cls.welcome is not Adapter.welcome,
        "prior": cls.equations is not Adapter.equations,
        "alike": True,
    }
    return tuple(way for way in WAYS if can[way])


def check_way(way: str, adapter: Adapter, name: str) -> None:
    """Refuse a way that there is not, or that a model has not.

    Args:
        way: how new people would be served.
        adapter: the model.
        name: of the model, for the message.

    Raises:
        UnknownName: there is no such way.
        BadParameter: this model has no such way.
    """
    if way not in WAYS:
        raise unknown("way to serve new people", way, WAYS)
    if way not in (known := ways_of(adapter)):
        raise BadParameter(f"{name} cannot serve new people by {way!r}, but by {', '.join(known)}")


def fold_in(way: str, adapter: Adapter, train: Interactions, **parameters: float) -> FoldIn:
    """A way to serve new people by a fitted model.

    Args:
        way: one of `WAYS`.
        adapter: fitted on train.
        train: ordered by user, then time.
        parameters: of `prior`, tau and unobserved; no other way has any.

    Raises:
        UnknownName: there is no such way.
        BadParameter: this model has no such way.
    """
    check_way(way, adapter, type(adapter).__name__)
    if way == "prior":
        return Prior(adapter, **parameters)
    return Own(adapter) if way == "own" else Alike(adapter, train)
