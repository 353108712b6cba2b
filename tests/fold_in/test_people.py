"""New people among the users of a data set."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from made import some_interactions

from bench.fold_in.people import NewPeople, people_among
from bench.interactions import Floats, Interactions


@given(shown=some_interactions(), chosen=st.permutations(range(6)), count=st.integers(1, 6))
def test_some_users_become_people_in_the_order_given(
    shown: Interactions, chosen: list[int], count: int
) -> None:
    shown = shown.take(np.lexsort((shown.times, shown.users)))
    users = np.array(chosen[:count], dtype=np.int32)
    found = people_among(shown, users)
    assert found.n_users == count
    assert found.user_ids.tolist() == users.tolist()
    for person, user in enumerate(users):
        mine, theirs = found.users == person, shown.users == user
        np.testing.assert_array_equal(found.items[mine], shown.items[theirs])
        np.testing.assert_array_equal(found.times[mine], shown.times[theirs])


class Counts:
    def scores(self, people: Interactions) -> Floats:
        found = np.zeros((people.n_users, people.n_items), dtype=np.float32)
        np.add.at(found, (people.users, people.items), 1)
        return found


@given(shown=some_interactions(), user=st.integers(0, 5))
def test_scores_are_of_what_is_shown(shown: Interactions, user: int) -> None:
    shown = shown.take(np.lexsort((shown.times, shown.users)))
    found = NewPeople(Counts(), shown).scores(np.array([user, user], dtype=np.int32))
    wanted = np.bincount(shown.items[shown.users == user], minlength=shown.n_items)
    np.testing.assert_array_equal(found, [wanted, wanted])
