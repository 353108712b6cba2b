"""Sphinx: `make docs` builds the site from here.

Its source is the whole repository, of which `include_patterns` takes the pages, so that a link from
one file to another is the same on the site as in the repository. A file that is linked and is no
page, as a model's, is shipped with the site as a download.
"""

import inspect
import re
from typing import Any

import click
from docutils import nodes
from sphinx.addnodes import desc_signature, pending_xref
from sphinx.application import Sphinx
from sphinx.util.inspect import stringify_signature

import bench

ALIASES = {"int32": "Ids", "float32": "Floats"}  # of bench.interactions

project = "bench"
version = release = bench.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_click"]

root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md"),
    # What is published: a run of one's own writes to results/ too.
    *("results/README.md", "results/peers.md", "results/scale.md", "results/scale-reading.md"),
    "results/study/study.md",
    *(f"results/{board}/leaderboard.md" for board in ("ncf-ml-1m", "ml-1m", "ml-100k-all")),
    *(f"results/{data}-cold-items/leaderboard.md" for data in ("ml-1m", "ml-100k")),
    *(f"results/{data}-new-users/leaderboard.md" for data in ("ml-1m", "ml-100k")),
    *(f"results/embeddings/{data}/embeddings.md" for data in ("ml-1m", "ml-100k")),
]
exclude_patterns = ["docs/_build", ".*"]

# Names of ours that stand on no page of the reference.
OURS = r"bench\.(leaderboard|records|retrieval)\..*|bench\.(UsageError|Problem)"
OURS += "|NothingKept|SeveralKept|UnknownName"
nitpick_ignore_regex = [("py:.*", rf"(numpy|collections|typing|pathlib)\..*|{OURS}")]
myst_heading_anchors = 4

smartquotes = False  # --option
default_role = "code"  # docstrings say `name`, as Markdown does
toc_object_entries_show_parents = "hide"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": True}

html_theme = "pydata_sphinx_theme"
html_title = f"bench {version}"
html_extra_path = ["_root"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_sidebars = {"**": ["pages.html"]}
html_show_sphinx = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "bench"},
    "navbar_center": [],  # all pages stand in the sidebar
    "show_prev_next": False,
    "show_toc_level": 2,
    "secondary_sidebar_items": {"docs/**": ["page-toc"]},
    "footer_start": [],
    "footer_end": [],
}


def setup(app: Sphinx) -> None:
    app.connect("source-read", allow_alone)
    app.connect("autodoc-process-signature", readable_signature)
    app.connect("sphinx-click-process-options", readable_options)
    app.connect("doctree-read", short_types)
    app.connect("doctree-read", folders)


def allow_alone(app: Sphinx, name: str, source: list[str]) -> None:
    """Boards, the changelog and others may stand in no list of pages; pages of docs/ must."""
    if not name.startswith("docs/"):
        source[0] = f"---\norphan: true\n---\n{source[0]}"


def readable_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str | None, back: str
) -> tuple[str | None, str]:
    """Defaults as the source has them, and no private parameters."""
    if what == "method" and inspect.isfunction(obj) and obj.__qualname__ == obj.__name__:
        # The default of a field, which is called without self.
        plain = inspect.signature(obj).replace(return_annotation=inspect.Signature.empty)
        signature = stringify_signature(plain, unqualified_typehints=True)
    if signature:
        signature = re.sub(r"<function (\w+)>", r"\1", signature)
        signature = re.sub(r"<factory>|<function [^>]*<lambda>>", "...", signature)
        signature = re.sub(r", _\w+: \w+ = [^,)]+", "", signature)
    return signature, back


def readable_options(app: Sphinx, context: click.Context, lines: list[str]) -> None:
    """Defaults as one types them."""
    lines[:] = [re.sub(r"``(?:PosixPath\()?'(.*?)'\)?``", r"``\1``", line) for line in lines]


def short_types(app: Sphinx, doctree: nodes.document) -> None:
    """Ids, Floats and NDArray[...] in signatures, as the source has them, for what they stand for.

    An array's type is written as "ndarray[tuple[Any, ...], dtype[int32]]", each word and bracket
    of it a node beside the others.
    """
    arrays = [
        each
        for signature in doctree.findall(desc_signature)
        for each in signature.findall(pending_xref)
        if each.astext() == "ndarray"
    ]
    for array in arrays:
        parent, start = array.parent, array.parent.index(array)
        texts = [each.astext() for each in parent.children]
        number = texts.index("dtype", start) + 2
        short: list[nodes.Node] = [nodes.Text("NDArray["), parent[number], nodes.Text("]")]
        if name := ALIASES.get(texts[number]):
            link = pending_xref("", nodes.Text(name), refdomain="py", reftype="obj")
            link["reftarget"] = f"bench.interactions.{name}"
            short = [link]
        parent[start : number + 3] = short


def folders(app: Sphinx, doctree: nodes.document) -> None:
    """A link to a folder of the repository becomes its text: there is no page of it to lead to."""
    here = (app.srcdir / app.env.docname).parent
    for link in list(doctree.findall(pending_xref)):
        if link["reftype"] == "myst" and (here / link["reftarget"]).is_dir():
            link.replace_self(link.children)
