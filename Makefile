# Short names for the common commands; Meson and ninja do the work. `make help` lists them.

BUILD ?= build
FUZZ_SECONDS ?= 60
FUZZ_BUILD ?= build-fuzz
MESON_FLAGS ?=

.PHONY: help demo tour test build bench bench-full fuzz soak install format clean

help:
	@echo 'make demo      install what running needs, build, and play an emulated plant twice, with its page'
	@echo 'make tour      the same, and run a published plant in the terminal'
	@echo 'make test      install what testing needs, build, and run every test'
	@echo 'make build     build into ./$(BUILD)'
	@echo 'make bench     events per second, beside other simulators where they can be had'
	@echo 'make bench-full  deciding on MiniFab for 52 weeks and 20 seeds; hours'
	@echo 'make fuzz      fuzz every parser, FUZZ_SECONDS=$(FUZZ_SECONDS) each'
	@echo 'make soak      10^9 random tries against the guards, 1,000 proofs of each gain; hours'
	@echo 'make install   install program, library and headers (PREFIX=/usr/local, DESTDIR=)'
	@echo 'make format    lay out the sources'
	@echo 'make clean     remove ./$(BUILD) and ./$(FUZZ_BUILD)'
	@echo 'All of it as continuous integration runs it: .ci/run'

# Set up only once; ninja sets up again by itself when a meson.build has changed.
$(BUILD)/build.ninja:
	@meson setup $(BUILD) $(MESON_FLAGS) > $(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

build: $(BUILD)/build.ninja
	@ninja -C $(BUILD) --quiet

demo:
	@scripts/setup run
	@echo 'Building into ./$(BUILD) ...'
	@$(MAKE) --no-print-directory build
	@echo
	@$(BUILD)/lineshaft demo

tour:
	@scripts/setup run
	@echo 'Building into ./$(BUILD) ...'
	@$(MAKE) --no-print-directory build
	@echo
	@scripts/tour $(BUILD)/lineshaft

# The exit code is that of the count: programs that crash or count nothing fail as well. Two programs
# for each processor, since those with servers mostly wait.
test:
	@scripts/setup test
	@echo 'Building into ./$(BUILD) ...'
	@$(MAKE) --no-print-directory build
	@rm -f $(BUILD)/meson-logs/testlog.json
	@meson test -C $(BUILD) --no-rebuild --print-errorlogs --num-processes $$(($$(nproc) * 2)) || true
	@echo
	@scripts/count-tests $(BUILD)/meson-logs/testlog.json

bench: build
	@scripts/bench $(BUILD)

# Some core hours.
bench-full: build
	@bench/decide/run --build $(BUILD) --full

$(FUZZ_BUILD)/build.ninja:
	@CC=clang meson setup $(FUZZ_BUILD) -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false --buildtype=debugoptimized

fuzz:
	@scripts/setup test
	@$(MAKE) --no-print-directory $(FUZZ_BUILD)/build.ninja
	@ninja -C $(FUZZ_BUILD) --quiet
	@scripts/fuzz $(FUZZ_BUILD) $(FUZZ_SECONDS)

# Half an hour to an hour.
soak: build
	@LINESHAFT_TRIES=1000000000 $(BUILD)/tests/test-guard-check-tries
	@LINESHAFT_SOAK=1 LINESHAFT_SHOW=1 $(BUILD)/tests/test-decide-counterfactual
	@LINESHAFT_SOAK=1 LINESHAFT_SHOW=1 $(BUILD)/tests/test-decide-switchback
	@LINESHAFT_SOAK=1 LINESHAFT_SHOW=1 $(BUILD)/tests/test-decide-pitfalls
	@LINESHAFT_SOAK=1 LINESHAFT_SHOW=1 $(BUILD)/tests/test-loop-experiment-coverage
	@PAGE_SOAK_MINUTES=30 ui/tests/page $(BUILD)/tests/page soak

# Only what a first set-up chose stays chosen: PREFIX counts when it is given.
install: build
	@$(if $(PREFIX),meson configure $(BUILD) --prefix=$(abspath $(PREFIX)))
	@meson install -C $(BUILD) $(if $(DESTDIR),--destdir=$(abspath $(DESTDIR)))

format:
	@git ls-files '*.c' '*.h' | xargs clang-format -i

clean:
	@rm -rf $(BUILD) $(FUZZ_BUILD)
