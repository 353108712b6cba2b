"""Failures of MLflow's store, each in one line; and which may be tried again at once.

Nothing of MLflow is imported. Of a server's answer the line has the meaning alone: its text is
long, and may name what is nobody's business.
"""

import os
import re
from collections.abc import Iterator

from bench.text import first_line, one_line
from bench.tracking.address import PASSWORD, USERNAME, Address

# By what stands in the text of an error of a connection.
CONNECTIONS = {
    r"NameResolutionError|Name or service not known|getaddrinfo failed": "unknown host",
    r"SSLError|CERTIFICATE_VERIFY_FAILED": "no secure connection to it, or its certificate is not"
    " accepted",
    r"timed out|TimeoutError|Timeout": "no answer within {seconds} s",
    r"Connection refused": "nothing listens there (connection refused)",
    r"No route to host|Network is unreachable": "there is no way to it from here",
    r"Connection aborted|RemoteDisconnected|Connection reset|Connection broken": "it ended the"
    " connection",
}
ANSWERS = {
    401: f"it asks for a login (401): set {USERNAME} and {PASSWORD}, or check them",
    403: "this login may not write there (403): an administrator must give it EDIT on the"
    " experiment",
    404: "what answers there is no MLflow server (404)",
}
FAILED = "the server failed ({status}): its database may not answer, its log says more"
# How MLflow's client, and what it asks with, name the status of an answer.
STATUS = re.compile(r"error code (\d{3}) != |too many (\d{3}) error responses")
# Two that write the same for the first time: the later one finds it there when it looks again.
COLLISIONS = re.compile(
    "RESOURCE_ALREADY_EXISTS|UniqueViolation|UNIQUE constraint failed|duplicate key value"
    "|Duplicate entry"
)
# What was known of the store holds no longer.
STALE = re.compile(r"RESOURCE_DOES_NOT_EXIST|must be in (the )?'?active'? ", re.IGNORECASE)


def failure(address: Address, error: BaseException) -> str:
    """One line for what a store raised."""
    return one_line(f"cannot use {address.uri}: {_cause(error) if address.remote else _raw(error)}")


def at_once(error: BaseException) -> bool:
    """Whether it may go well when it is tried again at once, and nothing else is worth trying."""
    text = " ".join(map(str, _chain(error)))
    return bool(COLLISIONS.search(text) or STALE.search(text))


def _cause(error: BaseException) -> str:
    status = next(filter(None, map(_status, _chain(error))), 0)
    if status in ANSWERS:
        return ANSWERS[status]
    if status >= 500:
        return FAILED.format(status=status)
    text = " ".join(map(str, _chain(error)))
    if not status:
        seconds = os.environ.get("MLFLOW_HTTP_REQUEST_TIMEOUT", "")
        for pattern, cause in CONNECTIONS.items():
            if re.search(pattern, text):
                return cause.format(seconds=seconds)
    return _raw(error)


def _raw(error: BaseException) -> str:
    # What failed in a request stands at the end of a long line about the request.
    text = str(error).rpartition("Caused by ")[2]
    return first_line(text or type(error).__name__)


def _status(error: BaseException) -> int:
    """The status of an answer over HTTP that an error is about; 0 without one."""
    found = STATUS.search(str(error))
    if found:
        return int(found[1] or found[2])
    response = getattr(error, "response", None)  # of requests
    if response is not None:
        return int(response.status_code)
    if type(error).__name__ == "RestException":  # of MLflow: its server says why
        status = int(error.get_http_status_code())  # type: ignore[attr-defined]
        return 0 if status == 404 else status  # what is missing there is named in the message
    return 0


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it came of."""
    current: BaseException | None = error
    while current is not None:
        yield current
        current = current.__cause__ or current.__context__
