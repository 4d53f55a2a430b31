// Command rtev shows, filters and keeps the events of CVEDIA RT Server.
package main

import (
	"os"

	"github.com/rtev/rtev/cmd"
)

func main() { os.Exit(cmd.Main()) }
