"""The course as a reader meets it: a real JupyterLab, and the site, in a real Chromium."""
