// Command quarry runs KQL detections on local logs. See internal/cli.
package main

import (
	"os"

	"quarry/internal/cli"
)

func main() { os.Exit(cli.Main()) }
