"""What this documentation adds to Sphinx: API pages, cards, short names, equations."""

# SPDX-License-Identifier: BSD-3-Clause
import api_pages
import card_pages
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml

# From a first picture to a search; what is not named here stands at the end.
GALLERY = (
    "plot_fuse_two_images.py",
    "plot_methods.py",
    "plot_pipeline.py",
    "plot_colour.py",
    "batch_folder.py",
    "plot_metrics_disagree.py",
    "plot_grid_search.py",
    "plot_search_mean_rank.py",
    "plot_train_clarity.py",
)


class GalleryOrder:
    """Sort the files of the gallery; sphinx-gallery makes one for each folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        """Return what a file is sorted by."""
        return (GALLERY.index(name) if name in GALLERY else len(GALLERY), name)


def setup(app):
    """Called by Sphinx."""
    app.connect("builder-inited", write_api)
    add_to(app)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def add_to(app):
    """Add the resolver of names and the form of equations."""
    app.connect("missing-reference", resolve_name)
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_equation, None))


def write_api(app):
    """Write the pages of names and weights; remember which page each name has."""
    api_pages.write_pages()
    app.canonical_names = api_pages.canonical_names()
    card_pages.write_pages(app.canonical_names.values())


def resolve_name(app, env, node, contnode):
    """Resolve what a docstring calls a public name to the page that it has.

    An object that two modules offer (``skfusion.fuse``, ``skfusion.pipelines.fuse``)
    has one page; and a bare name may be meant as seen from the package, not from the
    module of the docstring (``load_pairs``). Whatever is not public stays unresolved,
    and the build says so.
    """
    if node.get("refdomain") != "py":
        return None
    target, module = node["reftarget"], node.get("py:module")
    names = app.canonical_names
    for name in (target, f"{module}.{target}", f"skfusion.{target}"):
        if names.get(name, name) != name:
            return env.domains["py"].resolve_xref(
                env,
                node["refdoc"],
                app.builder,
                "obj",
                names[name],
                node,
                contnode,
            )
    return None


def visit_math(translator, node):
    """Write an equation in a line as MathML, which browsers draw by themselves."""
    translator.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def visit_equation(translator, node):
    """Write an equation of its own as MathML."""
    translator.body.append(tex2mathml(node.astext(), as_block=True))
    raise nodes.SkipNode
