"""The specifications of the charts, remembered: they depend on the code alone.

To load Altair, and to have it check what it wrote, takes a second.
"""

from importlib import metadata
from pathlib import Path
from typing import Any

from bench.hashing import key_of, of_files
from bench.registry.remembered import remember, remembered

CODE = "charts.py", "labels.py"  # what they are written by


def drawn_charts() -> dict[str, dict[str, Any]]:
    """Every chart of a section by its name in the page, see `bench.report.charts`."""
    folder = Path(__file__).parent
    code = of_files((folder / name for name in CODE), folder)
    name = f"charts/{key_of({'code': code, 'altair': metadata.version('altair')})}"
    found = remembered(name)
    if isinstance(found, dict) and found:
        return found
    from bench.report.charts import charts

    drawn = charts()
    remember(name, drawn)
    return drawn
