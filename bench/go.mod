module github.com/rtev/rtev/bench

go 1.26.0

require (
	github.com/tidwall/gjson v1.20.1
	github.com/tmaxmax/go-sse v0.12.0
)

require (
	github.com/tidwall/match v1.1.1 // indirect
	github.com/tidwall/pretty v1.2.0 // indirect
)
