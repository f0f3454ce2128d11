"""What the pages need beside Sphinx: JupyterLab's anchors, and formulas without a script."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def anchor(title: str) -> str:
    """What JupyterLab calls a heading in a link."""
    return title.replace(" ", "-")


def inline(translator, node):
    translator.body.append(convert(node.astext()))
    raise SkipNode


def block(translator, node):
    translator.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app):
    """Formulas become MathML, which every browser since 2023 shows by itself."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
