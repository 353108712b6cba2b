"""A limit of time that can stand still for a while."""

from time import monotonic

MOST_STILL_SECONDS = 1800.0  # in all: a model can say anything, also that it never goes on


class Deadline:
    """Passes after so many seconds, without those in which it stood still."""

    def __init__(self, seconds: float, most_still: float = MOST_STILL_SECONDS) -> None:
        """Begin now.

        Args:
            seconds: from now on.
            most_still: seconds that it stands still in all; then it goes on by itself.
        """
        self._end, self._left = monotonic() + seconds, most_still
        self._since: float | None = None  # when it came to stand still

    def stand_still(self) -> None:
        """Stand still from now on, where it does not yet."""
        self._since = monotonic() if self._since is None else self._since

    def go_on(self) -> None:
        """Go on from now on."""
        taken = self._still()
        self._end, self._left, self._since = self._end + taken, self._left - taken, None

    def passed(self) -> bool:
        """Whether it has passed."""
        return monotonic() > self._end + self._still()

    def _still(self) -> float:
        return 0.0 if self._since is None else min(monotonic() - self._since, self._left)
