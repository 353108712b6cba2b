"""Pages with charts that are one file and ask nothing of any network.

Their policy (Content-Security-Policy) lets them load nothing, and run only the scripts whose hashes
it names: Vega, the page's own, and no other, whatever a label may say.
"""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.leaderboard.templates import template
from bench.report import labels
from bench.report.bundle import LICENCE, bundle

FRAME = Path(__file__).with_name("frame.js")


def offline_page(page: Path, script: Path, data: Mapping[str, Any], **variables: object) -> str:
    """A page that fills the blocks of frame.html.jinja.

    Args:
        page: its template.
        script: its JavaScript, which stands below frame.js.
        data: for the script, fit for JSON.
        variables: of the template.
    """
    library = bundle()
    own = "\n".join(path.read_text(encoding="utf-8") for path in (FRAME, script))
    return (
        template(page, FRAME.parent).render(
            data={"labels": {"layer": labels.LAYER, "transform": labels.TRANSFORM}, **data},
            library=library,
            script=own,
            hashes=[f"'sha256-{_hash(text)}'" for text in (library, own)],
            licence=LICENCE,
            **variables,
        )
        + "\n"
    )


def _hash(text: str) -> str:
    return b64encode(sha256(text.encode()).digest()).decode()
