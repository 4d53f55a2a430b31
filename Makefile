# make is optional: go run . and go test ./... work without it.
.PHONY: help build test check race lint fuzz bench soak docs completions demo release-dry clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## build ./rtev as a release does
	CGO_ENABLED=0 go build -trimpath -o rtev .
test: ## run the tests: under a minute, no network
	go test ./...
check: ## run everything that CI runs
	.ci/run
race: ## run the tests under the race detector
	go test -race ./...
lint: ## gofmt, go vet and staticcheck
	test -z "$$(gofmt -l . | tee /dev/stderr)" && go vet ./... && go tool -modfile=tools.mod staticcheck ./...
fuzz: ## fuzz each target for a minute; make fuzz TIME=10s for less
	scripts/fuzz.sh $(or $(TIME),1m)
bench: ## compare CPU time and memory with those of curl and other readers
	scripts/bench.sh
soak: ## an hour of faults, then 200 kills; make soak TIME=2m for less
	go test . -run '^TestSoak$$' -v -count=1 -timeout 0 -soak=$(or $(TIME),1h)
	go test . -run '^TestKilled$$' -v -count=1 -timeout 0 -kills=200
docs: ## generate man pages and reference
	go test ./cmd -run Generated -update
completions: ## generate shell completions
	go test ./cmd -run Completions -update
demo: ## watch simulated traffic without a server
	go run . tail --demo
release-dry: ## build archives and packages into dist/ without publishing
	go tool -modfile=release.mod goreleaser release --snapshot --clean
clean: ## remove the output of other targets
	rm -rf rtev dist packaging/man
