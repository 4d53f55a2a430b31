# Everything works without make too: go run . and go test ./... need nothing else.
.PHONY: help build test check race lint fuzz bench soak docs completions demo release-dry clean

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

build: ## build ./rtev, as a release does
	CGO_ENABLED=0 go build -trimpath -o rtev .
test: ## run the tests: under a minute, no network
	go test ./...
check: ## run all that CI runs, before a push
	.ci/run
race: ## run the tests under the race detector
	go test -race ./...
lint: ## gofmt, go vet and staticcheck; silent when all is well
	test -z "$$(gofmt -l . | tee /dev/stderr)" && go vet ./... && go tool -modfile=tools.mod staticcheck ./...
fuzz: ## fuzz every target for a minute each; make fuzz TIME=10s for less
	scripts/fuzz.sh $(or $(TIME),1m)
bench: ## compare with curl, jq and others, and write docs/performance.md
	scripts/bench.sh
soak: ## an hour of faults: counts equal, memory, goroutines and files flat; make soak TIME=2m for less
	scripts/soak.sh $(or $(TIME),1h)
docs: ## write the man pages and the reference anew
	go test ./cmd -run Generated -update
completions: ## write the shell completions anew
	go test ./cmd -run Completions -update
demo: ## watch made-up traffic, without a server
	go run . tail --demo
release-dry: ## build archives and packages into dist/, and publish nothing
	go tool -modfile=release.mod goreleaser release --snapshot --clean
clean: ## remove what the targets above made
	rm -rf rtev dist packaging/man bench/out
