# Every target calls do.py; it finds a Python that fits, makes .venv and runs the job.
# Extra words: make test ARGS="-k links". Settings: PYTHON=, VENV=, WHEELS=, UV=, TIER=2.

ARGS ?=
# variables given to make reach do.py by the environment
export PYTHON VENV WHEELS UV TIER

.PHONY: demo test check setup notebooks studies lowest lock clean
.DEFAULT_GOAL := help

# The first Python that runs at all and is new enough to start do.py: a command on the path may be a dead shim.
demo test check setup notebooks studies lowest lock clean help:
	@for python in python3 python /usr/bin/python3 /usr/local/bin/python3 "$$PYTHON" py; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then \
	    exec "$$python" do.py $(if $(filter help,$@),--help,$@) $(ARGS); \
	  fi; \
	done; \
	echo "No Python that runs was found (python3, python, /usr/bin/python3): install Python 3.12, 3.13 or 3.14," >&2; \
	echo "or name one that you have: PYTHON=/path/to/python make $@" >&2; \
	exit 3
