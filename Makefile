# Two commands: `make demo` and `make test` do everything on a fresh machine with Python 3.11 or 3.12, git, make and gcc.
PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3)
BIN := .venv/bin
OPENCV := opencv-contrib-python-headless==4.11.0.86

.PHONY: demo test test-network test-live check bench soak format clean

demo: .venv/installed
	$(BIN)/graphcore run graphs/talk.yaml

test: .venv/installed
	$(BIN)/python -m pytest

# Two machines on one: as root, for network namespaces. Elsewhere it says why it skips.
test-network: .venv/installed
	$(BIN)/python -m pytest tests/network -m network -rs

# With a real OBS, a virtual microphone and a browser, as far as they are installed; else it says why it skips.
test-live: .venv/live
	$(BIN)/python -m pytest tests/live -m live -rs

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed
	$(BIN)/python tests/benchmarks/run_all.py

# Ten minutes live over three processes.
soak: .venv/installed
	$(BIN)/python tests/benchmarks/soak.py

format: .venv/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf .venv out build dist

# mediapipe brings an OpenCV that needs libGL, which a machine without a screen may lack: the headless one
# of the same version holds the same module without it.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,train,audio]'
	$(BIN)/python -m pip uninstall --quiet --yes opencv-contrib-python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --force-reinstall $(OPENCV)
	touch $@

.venv/live: .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[live-test]'
	touch $@
