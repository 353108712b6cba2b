"""A publisher's server that answers well, badly or not at all, and what comes of it."""

import hashlib
import http.server

import pytest

from bench.data.fetch import DataUnavailable, fetch

CONTENT = b"1\t2\t3\t4\n" * 20_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers according to the path's first part."""

    def do_GET(self):
        self.server.asked.append(self.path)
        match self.path.split("/")[1]:
            case "good":
                self.answer(CONTENT)
            case "truncated":
                self.answer(CONTENT[:-9], announced=len(CONTENT))
            case "short":
                self.answer(CONTENT[:-9])
            case "tampered":
                self.answer(b"9" + CONTENT[1:])
            case "html":
                self.answer(b"\n<!DOCTYPE html><html><body>Log in to the hotel</body></html>")
            case "moved":
                self.send_response(302)
                self.send_header("Location", "/good/file.txt")
                self.end_headers()
            case "silent":
                self.server.release.wait()
            case "dripping":
                self.send_response(200)
                self.end_headers()
                while not self.server.release.wait(0.05):
                    self.wfile.write(b"1")
            case "endless":
                self.send_response(200)
                self.end_headers()
                for _ in range(10_000):
                    self.wfile.write(CONTENT)
            case _:
                self.send_error(404)

    def answer(self, content, announced=None):
        self.send_response(200)
        self.send_header("Content-Length", str(announced or len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        pass


class QuietServer(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that hangs up is what some of the tests are about."""


def refusal(*sources):
    with pytest.raises(DataUnavailable) as caught:
        fetch("Example", sources)
    return str(caught.value)
