"""Fault 22: a truncated or tampered download, an expired certificate, HTML instead of a zip, no
network. It is refused, the next source is tried, and the message says which file to put where.

All of it comes from a real server on this machine. Of a wheel on a package index:
`test_22_wheel`.
"""

import socket
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from command import PATIENCE
from publisher import CONTENT, SHA256, Handler, QuietServer, refusal

from bench.data import fetch as fetching
from bench.data.fetch import Url, fetch


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = QuietServer(("127.0.0.1", 0), Handler)
    running.asked, running.release = [], threading.Event()
    thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    running.release.set()
    running.shutdown()
    running.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("BENCH_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def source(server):
    def at(kind, **changes):
        facts = {
            "url": f"http://127.0.0.1:{server.server_port}/{kind}/file.txt",
            "file_name": "file.txt",
            "max_bytes": 1_000_000,
            "sha256": SHA256,
        }
        return Url(**facts | changes)

    return at


def test_download_then_cache(source, cache, server, capsys):
    chosen, path = fetch("Example", [source("good")], notice="Terms: be kind")
    assert path == cache / "file.txt"
    assert path.read_bytes() == CONTENT
    assert chosen == source("good")
    first = capsys.readouterr()
    assert "Terms: be kind" in first.err
    assert first.out == ""

    assert fetch("Example", [source("good")], notice="Terms: be kind")[1] == path
    assert len(server.asked) == 1
    assert capsys.readouterr().err == ""
    assert [entry.name for entry in cache.iterdir()] == ["file.txt"]


def test_redirect(source, cache):
    assert fetch("Example", [source("moved")])[1].read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("truncated", "truncated: 159,991 of 160,000 bytes"),
        ("short", "SHA-256 is"),
        ("tampered", "SHA-256 is"),
        ("html", "an HTML page instead of the file"),
        ("missing", "HTTP 404 Not Found"),
        ("endless", "larger than 1,000,000 bytes"),
    ],
)
def test_a_bad_answer_is_refused_and_the_next_source_tried(source, cache, server, kind, answer):
    message = refusal(source(kind))
    assert answer in message
    assert list(cache.iterdir()) == []

    chosen, path = fetch("Example", [source(kind), source("good")])
    assert chosen == source("good")
    assert path.read_bytes() == CONTENT
    assert [asked.split("/")[1] for asked in server.asked] == [kind, kind, "good"]
    assert [entry.name for entry in cache.iterdir()] == ["file.txt"]


def test_the_final_message_says_what_each_source_answered_and_what_to_do(source, cache):
    message = refusal(source("missing"), source("html"))
    title, first, second, advice = message.splitlines()
    assert title == "Example could not be fetched."
    assert first == f"  {source('missing').url}: HTTP 404 Not Found"
    assert second.endswith("an HTML page instead of the file")
    assert advice.startswith(f"Get file.txt from {source('missing').url}")
    assert f"put it into {cache}" in advice
    assert "--data-dir" in advice


def test_without_a_checksum_lines_are_counted(source, cache):
    fetch("Example", [source("good", sha256=None, lines=20_000)])
    message = refusal(source("short", sha256=None, lines=20_001, file_name="other.txt"))
    assert "19,999 lines, expected 20,001" in message
    assert "an HTML page" in refusal(source("html", sha256=None, file_name="other.txt"))


def test_nobody_listens(cache, source):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    message = refusal(source("good", url=f"http://127.0.0.1:{port}/file.txt"))
    assert "Connection refused" in message


def test_no_network(cache, source, monkeypatch):
    def no_address(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", no_address)
    message = refusal(source("good", url="http://example.invalid/file.txt"))
    assert "no address for this host (no network?)" in message


@pytest.mark.parametrize(
    ("kind", "limit", "answer"),
    [
        ("silent", "ANSWER_SECONDS", "no answer within 0.2 s"),
        ("dripping", "DOWNLOAD_SECONDS", "too slow"),
    ],
)
def test_a_slow_server_does_not_hang_the_run(source, cache, monkeypatch, kind, limit, answer):
    for name in ("ANSWER_SECONDS", "DOWNLOAD_SECONDS"):  # the other one is never reached
        monkeypatch.setattr(fetching, name, 0.2 if name == limit else PATIENCE)
    assert answer in refusal(source(kind))  # of a server that goes on like this until the test ends
    assert list(cache.iterdir()) == []


def test_an_expired_certificate_is_refused(cache, tmp_path, monkeypatch):
    server, certificate = expired_https_server(tmp_path)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        url = f"https://127.0.0.1:{server.server_port}/good/file.txt"
        try:
            message = refusal(Url(url=url, file_name="file.txt", max_bytes=10**6, sha256=SHA256))
        finally:
            server.shutdown()
            thread.join()
    assert "the server's certificate is refused (certificate has expired)" in message


def expired_https_server(folder):
    """A server with a certificate that ended in 2001, and the file of that certificate."""
    x509 = pytest.importorskip("cryptography.x509")
    import datetime
    import ipaddress

    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.datetime(2000, 1, 1))
        .not_valid_after(datetime.datetime(2001, 1, 1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(pem))
    key_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    server = QuietServer(("127.0.0.1", 0), Handler)
    server.asked = []
    server.socket = context.wrap_socket(server.socket, server_side=True)
    return server, certificate_file


def test_a_damaged_cache_is_replaced(source, cache, server):
    cache.mkdir()
    (cache / "file.txt").write_bytes(CONTENT[:-1])
    assert fetch("Example", [source("good")])[1].read_bytes() == CONTENT

    (cache / "file.txt").write_bytes(CONTENT[:-1])
    message = refusal(source("missing"))
    assert f"{cache / 'file.txt'}: SHA-256 is" in message
    assert (cache / "file.txt").read_bytes() == CONTENT[:-1]


def test_the_cache_of_a_mirror_spares_the_publisher(source, cache, server):
    mirror = source("good", file_name="mirror.txt")
    fetch("Example", [mirror])
    chosen, path = fetch("Example", [source("missing"), mirror])
    assert (chosen, path.name) == (mirror, "mirror.txt")
    assert len(server.asked) == 1


def test_first_downloads_at_the_same_time(source, cache):
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: fetch("Example", [source("good")])[1], range(4)))
    assert {path.read_bytes() for path in results} == {CONTENT}
    assert [entry.name for entry in cache.iterdir()] == ["file.txt"]


def test_a_cache_that_cannot_be_written(source, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("BENCH_DATA_DIR", str(tmp_path / "file" / "cache"))
    message = refusal(source("good"))
    assert "cannot write file.txt into" in message
    assert "BENCH_DATA_DIR" in message


def test_a_full_disk(source, cache, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(fetching, "_stream", full)
    assert "cannot write file.txt into" in refusal(source("good"))
    assert list(cache.iterdir()) == []


def test_importing_is_cheap():
    code = (
        "import sys, bench.data.fetch, bench.data.delimited\n"
        "print(*{'pandas', 'pyarrow', 'mlflow', 'torch', 'sklearn'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_cache_folder_without_the_variable(monkeypatch):
    monkeypatch.delenv("BENCH_DATA_DIR", raising=False)
    assert fetching.cache_folder().name == "bench"
