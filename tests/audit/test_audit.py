"""What `make audit` makes of pip-audit's answers; a script stands in for it."""

import json
import sys
from pathlib import Path

import pytest
from audit import audit

FINE = {"name": "a", "version": "1", "vulns": []}
SKIPPED = {"name": "b", "skip_reason": "not found on the index"}
BAD = {"name": "c", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


def answer(*dependencies: object) -> str:
    return f"print({json.dumps(json.dumps({'dependencies': dependencies}))})"


@pytest.mark.parametrize(
    ("script", "code", "out", "err"),
    [
        (answer(FINE, FINE), 0, "2 pinned versions, none with a known vulnerability\n", ""),
        (answer(FINE, BAD, SKIPPED), 1, "c 2: CVE-1, fixed in 3\n", ""),
        (answer(FINE, SKIPPED), 2, "", "1 of 2 not in it, as not found on the index"),
        (
            "import sys; print('Trace\\nTimeout: no network', file=sys.stderr); sys.exit(1)",
            2,
            "",
            "Timeout: no network",
        ),
        ("raise SystemExit(1)", 2, "", "pip-audit ended with 1"),
    ],
)
def test_what_was_not_looked_up_is_never_called_fine(
    script: str, code: int, out: str, err: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = tmp_path / "program.py"
    program.write_text(script)
    found = audit([tmp_path / "requirements.txt"], (sys.executable, str(program)))
    printed = capsys.readouterr()
    line = f"audit: not checked; the list of vulnerabilities: {err}\n" if err else ""
    assert (found, printed.out, printed.err) == (code, out, line)
