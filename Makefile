# make check   format, vet, quick tests, the habits of the house
# make test    everything
# make demo    simulate an attack, hunt it, write demo/report.html
# make bench   measure against rivals, see docs/performance.md
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
# Without symbol tables the engine's megabytes link in half the time.
LINK     = -ldflags "-s -w"
FUZZTIME ?= 30s

.PHONY: build check test case demo bench microbench docs fuzz ratchet oracle fmt lint clean

build: bin/quarry

# Go itself knows what must be built again.
.PHONY: bin/quarry
bin/quarry:
	$(GO) build -ldflags "-s -w -X quarry/internal/cli.Version=$(VERSION)" -o $@ ./cmd/quarry

check:
	@out=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "gofmt: $$out"; exit 1; }
	$(GO) vet ./...
	$(GO) test -short -vet=off $(LINK) ./...

test:
	$(GO) test -timeout 25m $(LINK) ./...

# make case N=has-*  runs the cases of that name, each shown
N ?= *
case:
	$(GO) test -count=1 -v $(LINK) ./hunt -run 'TestCases/^$(subst *,.*,$(N))$$'

# A simulated day with attacks among near misses; the last line says what was found.
DEMO = bin/quarry hunt --now 2026-01-06 demo/events
demo: build
	@rm -rf demo
	bin/quarry simulate --events 50000 --devices 25 --seed 7 --plant all -o demo
	$(DEMO); test $$? -eq 1
	@$(DEMO) --format json -o demo/hunt.json 2>/dev/null; test $$? -eq 1
	@$(DEMO) --format html -o demo/report.html 2>/dev/null; test $$? -eq 1
	@$(GO) run ./internal/demo demo
	@echo "the report is demo/report.html"

# make bench SECTIONS=chain,ingest SCALE=0.1 REPS=3
SCALE ?= 1
REPS  ?= 5
bench: build
	$(GO) build $(LINK) -o bin/bench.bin ./internal/bench
	bin/bench.bin -sections "$(SECTIONS)" -scale $(SCALE) -reps $(REPS) -version "$(VERSION)" -date $$(date -u +%F)

microbench:
	$(GO) test -run '^$$' -bench . -benchmem $(LINK) ./...

# The pages that the program knows best: reference, support matrix, errors, command line.
docs:
	$(GO) test -count=1 $(LINK) ./internal/docgen/... -update

# Every fuzz target for FUZZTIME.
fuzz:
	@sh internal/fuzz.sh $(FUZZTIME)

# Measures the scores against ../shared; better ones are written to ratchet.txt.
ratchet:
	$(GO) test -count=1 -v -timeout 25m $(LINK) ./internal/ratchet -update

# Breaks public rules and compares the refusals with those of Microsoft's language service.
# NODE_PATH names the node_modules that hold it; see ../shared/oracle/oracle.js.
oracle:
	$(GO) test -count=1 -v -timeout 40m ./kql -run TestOracle

lint:
	$(GO) tool staticcheck ./...

fmt:
	gofmt -w $$(git ls-files '*.go')

clean:
	rm -rf bin demo
