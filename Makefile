# Every target sets up what it needs: a virtual environment with the versions of requirements.txt, and
# for tests, lint and docs also of tests/requirements.txt.
PYTHON ?= python3
RESULTS ?= results
TORCH_INDEX ?= https://download.pytorch.org/whl

BIN = .venv/bin
# What is imported is compiled then; to compile all of it here would take as long as to unpack it.
INSTALL = $(BIN)/pip install --quiet --quiet --disable-pip-version-check --no-compile
READY = .venv/.ready
TESTS_READY = .venv/.tests-ready
PEERS = .venv-peers
PEERS_READY = $(PEERS)/.ready
AUDIT = .venv-audit
AUDIT_READY = $(AUDIT)/.ready
SPHINX = $(BIN)/sphinx-build --conf-dir docs --fail-on-warning --keep-going --nitpicky --quiet
OPTIONS = $(if $(MODELS),--models $(MODELS)) $(if $(DATASET),--dataset $(DATASET)) \
          $(if $(SEEDS),--seeds $(SEEDS)) $(if $(DATA_DIR),--data-dir $(DATA_DIR)) $(ARGS)

.PHONY: help bench test torture perf perf-compare peers scale gpu-check cluster-measure ui lint docs docs-links dist audit clean

help:
	@echo "make bench   train and measure all models on MovieLens-100K, and show the leaderboard"
	@echo "             SUITE=quick MODELS=als,ease DATASET=synthetic SEEDS=0,1 DATA_DIR=... RESULTS=..."
	@echo "             TORCH=cpu, the first time, takes PyTorch's build without CUDA: several GB less on Linux"
	@echo "             DATA=ratings.csv for a file of your own; how to read it: ARGS=\"--columns user=uid,item=sku\""
	@echo "make test    run the tests"
	@echo "make torture  kill runs at every moment and feed them broken things: the long versions of these tests, 45 minutes"
	@echo "make perf    time the harness and the models, and save the figures in results/perf"
	@echo "make perf-compare   the same, and fail where a median is 30 % above the last saved run"
	@echo "make peers   compare with RecBole, implicit, LensKit and Cornac: results/peers.md, half an hour"
	@echo "             MODELS=gmf,als DATASET=movielens_1m DATA_DIR=... ARGS=\"--rounds 1 --batches 2048\""
	@echo "make scale   time and memory up to 100 M interactions: docs/scale.md and results/scale.md, about 1 hour"
	@echo "             and, where SIZES is not given, reading beside pandas and polars, and a catalogue of 41,000 items"
	@echo "             SIZES=1,10,25,100 ARGS=\"--models als,mf --timeout 600 --force\""
	@echo "make cluster-measure  a cluster on this machine: overhead, speed, a node and drivers killed; 40 minutes"
	@echo "make gpu-check   every model on a GPU against the CPU, and training rates: results/gpu-check.md, 9 minutes"
	@echo "             ARGS=\"--device cpu\" rehearses it without a GPU; BARE=1 with PYTHON as it is, and WHEELS=..."
	@echo "make ui      show the runs in MLflow, on this machine only"
	@echo "make lint    check style and types"
	@echo "make docs    build the site from docs/ in docs/_build; make docs-links tries its links to elsewhere"
	@echo "make dist    build the sdist, and of it the wheel, in dist/"
	@echo "make audit   look the pinned versions up in a list of known vulnerabilities; needs a network"
	@echo "make clean   remove the environment and caches; results stay"

bench: $(READY)
	@$(BIN)/bench run --results $(RESULTS) $(if $(SUITE),--suite $(SUITE)) $(if $(DATA),--data "$(DATA)") $(OPTIONS)

test: $(TESTS_READY)
	@$(BIN)/pytest -q -n 2 $(ARGS)

torture: $(TESTS_READY)
	@$(BIN)/pytest -q -m torture -n 2 $(ARGS)

perf: $(TESTS_READY)
	@$(BIN)/pytest tests/perf --benchmark-only --benchmark-autosave -o addopts=--import-mode=importlib -q \
		--benchmark-storage=$(RESULTS)/perf --benchmark-columns=median,min,max,rounds --benchmark-sort=name $(ARGS)

perf-compare: $(READY)
	@$(MAKE) --no-print-directory perf ARGS="--benchmark-compare --benchmark-compare-fail=median:30% $(ARGS)"

peers: $(TESTS_READY) $(PEERS_READY)
	@$(BIN)/python tests/peers/run.py --results $(RESULTS) $(OPTIONS)

scale: $(TESTS_READY)
	@$(BIN)/python tests/scale/line.py --results $(RESULTS) $(if $(SIZES),--sizes $(SIZES))
	@$(BIN)/python tests/scale/scale.py --results $(RESULTS) $(if $(SIZES),--sizes $(SIZES)) $(ARGS)
	@$(if $(SIZES),true,$(BIN)/python tests/scale/reading.py --results $(RESULTS))
	@$(if $(SIZES),true,$(BIN)/bench run --suite tests/scale/catalogue.toml --results $(RESULTS)/scale/catalogue)

# A machine that is lent for minutes is not set up: any Python that has torch will do there.
gpu-check: $(if $(BARE),,$(READY))
	@$(if $(BARE),$(PYTHON),$(BIN)/python) tests/gpu/gpu_check.py --results $(RESULTS) \
		$(if $(MODELS),--models $(MODELS)) $(if $(DATA_DIR),--data-dir $(DATA_DIR)) \
		$(if $(WHEELS),--wheels $(WHEELS)) $(ARGS)

cluster-measure: $(TESTS_READY)
	@$(BIN)/python tests/cluster/cluster_measure.py $(ARGS)

ui: $(READY)
	@$(BIN)/bench ui --results $(RESULTS) $(ARGS)

lint: $(TESTS_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# All of it anew: of a page that has not changed nothing would be said again.
docs: $(TESTS_READY)
	@rm -rf docs/_build/html
	@$(SPHINX) --builder html . docs/_build/html
	@echo "docs/_build/html/index.html"

docs-links: $(TESTS_READY)
	@rm -rf docs/_build/links
	@$(SPHINX) --builder linkcheck . docs/_build/links

# The time of the last commit as the time of all files: the same commit gives the same wheel.
dist: $(TESTS_READY)
	@rm -rf dist *.egg-info
	@SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || date +%s) \
		$(BIN)/python -m build --no-isolation --quiet .
	@rm -rf *.egg-info

audit: $(AUDIT_READY)
	@$(AUDIT)/bin/python tests/audit/audit.py requirements.txt tests/requirements.txt

clean:
	rm -rf .venv $(PEERS) $(AUDIT) .mypy_cache .ruff_cache .pytest_cache .hypothesis .benchmarks build dist docs/_build *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; set PYTHON=... to one that is"; exit 1; }
	@echo "Setting up .venv: about 1.7 GB and 2 minutes, once; several GB more if torch brings CUDA."
	@$(PYTHON) -m venv .venv
	@$(INSTALL) $(if $(TORCH),--extra-index-url $(TORCH_INDEX)/$(TORCH)) -r requirements.txt
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $(READY)

$(TESTS_READY): $(READY) tests/requirements.txt
	@echo "Adding what tests and docs need to .venv: about 1.2 GB and 2 minutes, once."
	@$(INSTALL) --no-deps -r tests/requirements.txt
	@touch $(TESTS_READY)

$(PEERS_READY): tests/peers/requirements.txt
	@echo "Setting up $(PEERS): about 1.7 GB and 3 minutes, once."
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/pip install --quiet --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

$(AUDIT_READY): tests/audit/requirements.txt
	@$(PYTHON) -m venv $(AUDIT)
	@$(AUDIT)/bin/pip install --quiet --quiet --disable-pip-version-check -r $< \
		|| { echo "audit: not checked; pip-audit cannot be installed from here" >&2; exit 2; }
	@touch $@
