"""The course as a reader meets it: a real JupyterLab in a real Chromium."""
