"""How Sphinx turns the chapters into pages; tools/make_site.py calls it."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # for chapters.py

project = html_title = "Generative adversarial networks, step by step"
extensions = ["myst_nb", "chapters", "sphinx.ext.githubpages"]  # the last keeps _static there

# The notebooks are shown as they were run; nothing is loaded for widgets that have no kernel here.
nb_execution_mode = "off"
nb_ipywidgets_js = {}
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_heading_slug_func = "chapters.anchor"
suppress_warnings = ["myst.header"]  # an exercise's heading stands two levels below the title

html_theme = "furo"
html_static_path = ["../../build/site_source/_static"]
html_favicon = "_static/icon.svg"
html_css_files, html_js_files = ["site.css"], ["site.js", "film.js", "density_game.js"]
html_math_renderer = "mathml"
html_copy_source = html_show_sphinx = html_show_copyright = False
