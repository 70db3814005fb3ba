package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Tree is all commands with their flags, for the reference (make docs).
func Tree() *cobra.Command {
	a := &app{strings.NewReader(""), io.Discard, io.Discard}
	return a.root()
}
