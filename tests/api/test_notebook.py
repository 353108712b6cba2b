"""The example notebook, executed as Jupyter does."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parents[2] / "docs" / "examples" / "own_data.ipynb"


@pytest.mark.slow
def test_the_example_runs_and_shows_progress_and_a_table(tmp_path: Path) -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    NotebookClient(
        notebook, timeout=1800, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    assert (tmp_path / "results" / "leaderboard.csv").is_file()
    outputs = [
        output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs
    ]
    assert not [output for output in outputs if output.output_type == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    shown = [output.get("data", {}) for output in outputs]
    pages = [data["text/html"] for data in shown if "text/html" in data]
    read, progress, board, frame = pages
    assert "column 'customer_id'" in read.replace("&#x27;", "'")
    assert "[4/4] Together" in progress and "<progress" not in progress  # all is done
    assert "clicks.csv:min_user=5, loo-99" in board and board.count("<tr>") == 5
    assert "hr_at_10_se" in frame
