"""Vega, Vega-Lite and Vega-Embed as one script, from vl-convert, which brings them along."""

from contextlib import suppress
from importlib.metadata import version

import platformdirs

from bench.records.files import write_whole

LICENCE = (
    "Vega, Vega-Lite and Vega-Embed: copyright University of Washington Interactive Data Lab and "
    "Vega contributors, BSD 3-Clause, https://github.com/vega"
)


def bundle() -> str:
    """The script. It takes 2 s to put together, so it is kept in the user's cache.

    A cache that cannot be read or written costs these seconds, and nothing else.
    """
    kept = platformdirs.user_cache_path("bench") / f"vega-{version('vl-convert-python')}.js"
    with suppress(OSError, ValueError):
        return kept.read_text(encoding="utf-8")
    import vl_convert  # 34 MB

    script = str(vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;"))
    with suppress(OSError):
        write_whole(kept, script.encode())
    return script
