//go:build !race

package main

// slack is how much more the race detector takes.
const slack = 1
