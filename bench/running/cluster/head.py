"""The head of a cluster, as anybody sees it who can reach its port; without Ray."""

import socket
from time import monotonic

CONNECTING_SECONDS = 5.0  # until a machine that does not answer is taken for unreachable
LOOK_SECONDS, MOST_UNANSWERED = 2.0, 5


class Watch:
    """Looks from time to time whether it is there.

    Of a head that is gone Ray itself says nothing for a minute, and then ends the process.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._look_at, self._unanswered = 0.0, 0

    def look(self) -> None:
        """Look, unless that was done just now.

        Raises:
            OSError: several looks one after the other found nothing.
        """
        if monotonic() < self._look_at:
            return
        try:
            reach(self._address)
            self._unanswered = 0
        except OSError:
            self._unanswered += 1
            if self._unanswered >= MOST_UNANSWERED:
                raise
        self._look_at = monotonic() + LOOK_SECONDS


def reach(address: str) -> None:
    """Find something that listens at host:port.

    Raises:
        OSError: there is nothing.
    """
    host, _, port = address.rpartition(":")
    socket.create_connection((host, int(port)), CONNECTING_SECONDS).close()
