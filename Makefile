# An existing environment's Python comes first, so that a second Python does not remake it.
PYTHON ?= $(shell for p in .venv/bin/python python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo "$$p" && exit; done; echo python3)

# Which notebooks `make notebooks` runs, and more arguments for JupyterLab or pytest.
NB = $(sort $(wildcard notebooks/*.ipynb)) $(sort $(wildcard notebooks/solutions/*.ipynb))
ARGS =

.PHONY: help lab test check elsewhere notebooks site bench format setup

help:
	@echo "make lab        install what is needed into .venv and open the notebooks in JupyterLab"
	@echo "make test       run the unit tests and every notebook and solution"
	@echo "make check      look at format, lint and the form of the notebooks (some seconds)"
	@echo "make elsewhere  run the notebooks as other processors would and list what changes (an hour)"
	@echo "make notebooks  run the notebooks and store their outputs (some: NB='notebooks/01*.ipynb')"
	@echo "make site       make pages of the chapters as they are stored, in build/site"
	@echo "make bench      time a step, the way to digits, metrics, sliders (35 minutes); make format tidies"

# The root is served, not notebooks/: the notebooks show pictures from figures/.
lab: setup
	.venv/bin/jupyter lab --config=tools/lab_settings/jupyter_config.py --notebook-dir=. \
		--FileContentsManager.preferred_dir=notebooks $(ARGS)

# Two workers of one thread each. One notebook, without them: make test ARGS="-n 0 notebooks/03*"
test: setup
	OMP_NUM_THREADS=1 .venv/bin/python -m pytest --nbval -n 2 $(ARGS)

check: setup
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/python -m pytest -q tests/notebooks/test_notebook_form.py tests/notebooks/test_house.py

# Some notebooks: make elsewhere ARGS="notebooks/03*.ipynb"; one variant: ARGS="--variant 'weights up'";
# what was not run since a notebook changed: ARGS=--missing (Ctrl-C keeps what is done).
elsewhere: setup
	.venv/bin/python tools/elsewhere.py $(ARGS)

# The second command joins what a cell printed in several messages; with --execute it would be early.
notebooks: setup
	.venv/bin/jupyter nbconvert --to notebook --execute --inplace \
		--ExecutePreprocessor.timeout=900 --ExecutePreprocessor.record_timing=False \
		--ExecutePreprocessor.store_widget_state=False $(NB)
	.venv/bin/jupyter nbconvert --to notebook --inplace --coalesce-streams $(NB)

# Pages that load nothing from elsewhere; to look at them: python -m http.server -d build/site
site: setup
	.venv/bin/python tools/make_site.py

bench: setup
	.venv/bin/python benchmarks/step_time.py $(ARGS)
	.venv/bin/python benchmarks/footprint.py
	.venv/bin/python benchmarks/metrics_time.py
	.venv/bin/python benchmarks/slider_latency.py
	.venv/bin/python benchmarks/live_throughput.py
	.venv/bin/python benchmarks/time_to_digits.py

format: setup
	.venv/bin/ruff check --fix-only --quiet .
	.venv/bin/ruff format .
	.venv/bin/ruff check .

setup:
	@command -v "$(PYTHON)" >/dev/null || { echo "There is no $(PYTHON); install Python 3.12" \
		"or name another: make lab PYTHON=/path/to/python3.12"; exit 1; }
	@"$(PYTHON)" tools/setup_env.py
