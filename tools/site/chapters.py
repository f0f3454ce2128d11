"""What the pages need beside Sphinx: JupyterLab's anchors, and formulas without a script."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def anchor(title: str) -> str:
    """What JupyterLab calls a heading in a link."""
    return title.replace(" ", "-")


def mathml(formula: str, display: str) -> str:
    converted = convert(formula, display=display)
    if "\\" in converted:  # an unknown command is passed on as it is
        raise ValueError(
            f"latex2mathml does not know a command in {formula!r}; write it otherwise."
        )
    return converted


def inline(translator, node):
    translator.body.append(mathml(node.astext(), "inline"))
    raise SkipNode


def block(translator, node):
    translator.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise SkipNode


def setup(app):
    """Formulas become MathML, which every browser since 2023 shows by itself."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
