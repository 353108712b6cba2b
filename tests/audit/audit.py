"""Look the pinned versions up in a public list of known vulnerabilities, for `make audit`.

Exit code 0 when all were looked up and nothing is known of any, 1 when something is, 2 when some
could not be looked up: pip-audit itself ends well when it found no list at all.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# --no-deps: the versions are pinned, all of them, so that nothing has to be resolved or downloaded.
OPTIONS = ("--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json")
COMMAND = (sys.executable, "-P", "-m", "pip_audit", *OPTIONS)
SECONDS = 300.0


def audit(requirements: Sequence[Path], command: Sequence[str] = COMMAND) -> int:
    """Run pip-audit on pinned versions, and say what came of it: a line for each finding, or one.

    Args:
        requirements: files of "name==version" lines.
        command: what is given "-r" and a path for each of those files, and prints pip-audit's JSON.
    """
    files = [word for path in requirements for word in ("-r", str(path))]
    try:
        done = subprocess.run([*command, *files], capture_output=True, text=True, timeout=SECONDS)
        looked_at = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _unknown(f"no answer within {SECONDS:g} s")
    except (ValueError, KeyError):
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        return _unknown(said[-1] if said else f"pip-audit ended with {done.returncode}")
    findings = [(each, known) for each in looked_at for known in each.get("vulns", [])]
    for each, known in findings:
        fixed = ", ".join(known.get("fix_versions", [])) or "no version yet"
        print(f"{each['name']} {each['version']}: {known['id']}, fixed in {fixed}")
    skipped = [each for each in looked_at if "skip_reason" in each]
    if findings:
        return 1
    if skipped:
        reason = skipped[0]["skip_reason"]
        return _unknown(f"{len(skipped)} of {len(looked_at)} not in it, as {reason}")
    print(f"{len(looked_at)} pinned versions, none with a known vulnerability")
    return 0


def _unknown(reason: str) -> int:
    reason = reason if len(reason) <= 200 else f"{reason[:197]}..."
    print(f"audit: not checked; the list of vulnerabilities: {reason}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(audit([Path(name) for name in sys.argv[1:]]))
