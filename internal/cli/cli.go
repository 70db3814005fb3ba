package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"quarry/kql/diag"
	"quarry/kql/types"
)

// Version is the version of the program, set by the build.
var Version = "0.1.0-dev"

// app is one run of the program.
type app struct {
	stdin          io.Reader
	stdout, stderr io.Writer
}

// Main runs the program with the process's arguments and files and returns the exit status.
func Main() int {
	relaxCollector()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first signal the default comes back: a second one ends the process at once.
	context.AfterFunc(ctx, stop)
	return Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
}

// Run runs the program and returns the exit status.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	a := &app{stdin, stdout, stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var status exitStatus
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "quarry: stopped")
		return 130
	case errors.Is(err, syscall.EPIPE):
		return 0 // the reader has seen enough
	}
	a.explain(cmd, err)
	return 2
}

// exitStatus ends the program without a message.
type exitStatus int

func (e exitStatus) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// findings is the status of a command that found what it looks for.
const findings exitStatus = 1

// usageError is a command line that cannot be understood.
type usageError struct{ message string }

func (e *usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

// explain prints an error: a query's with carets, that of a command line with its usage.
func (a *app) explain(cmd *cobra.Command, err error) {
	var list *diag.List
	var usage *usageError
	switch {
	case errors.As(err, &list):
		fmt.Fprint(a.stderr, list.Caret())
	case errors.As(err, &usage):
		fmt.Fprintf(a.stderr, "quarry: %s\n", usage.message)
		if cmd != nil {
			fmt.Fprintf(a.stderr, "usage: %s\n", cmd.UseLine())
			fmt.Fprintf(a.stderr, "\"%s --help\" tells more\n", cmd.CommandPath())
		}
	default:
		fmt.Fprintf(a.stderr, "quarry: %s\n", strings.TrimRight(err.Error(), "\n"))
	}
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "quarry",
		Short: "Run the world's KQL detections on your own logs",
		Long: `Quarry runs the detections of Microsoft Sentinel and Defender on your own logs,
and any KQL query: one program, no cloud.

  quarry hunt evidence/                      which rules fire, on which rows
  quarry query 'events.ndjson | take 10'     ask a file
  quarry serve                               answer Kusto clients`,
		Args:          cobra.ArbitraryArgs,
		SilenceErrors: true,
		SilenceUsage:  true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknownCommand(cmd, args[0])
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(a.huntCommand(), a.queryCommand(), a.ingestCommand(), a.rulesCommand(), a.catalogCommand(), a.checkCommand(), a.testCommand(), a.lintCommand(), a.schemaCommand(), a.explainCommand(), a.fmtCommand(), a.simulateCommand(), a.serveCommand(), a.versionCommand())
	root.AddCommand(a.replayCommand())
	return root
}

func unknownCommand(cmd *cobra.Command, name string) error {
	var known []string
	for _, c := range cmd.Commands() {
		known = append(known, c.Name())
	}
	if near := diag.Nearest(name, known); near != "" {
		return usagef("unknown command %q; did you mean %q?", name, near)
	}
	return usagef("unknown command %q", name)
}

// flagError adds the flag that was meant to the error about an unknown one.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usagef("%v", err)
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	name := unknown.GetSpecifiedName()
	if near := diag.Nearest(name, known); near != "" {
		return usagef("unknown flag --%s; did you mean --%s?", name, near)
	}
	return usagef("%v", err)
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes no argument, but %q is given", cmd.CommandPath(), args[0])
	}
	return nil
}

// timeFlag is a point in time as KQL writes it.
type timeFlag struct{ t *time.Time }

func (f timeFlag) String() string {
	if f.t == nil || f.t.IsZero() {
		return ""
	}
	return types.FormatDatetime(types.FromTime(*f.t))
}

func (f timeFlag) Type() string { return "TIME" }

func (f timeFlag) Set(s string) error {
	ticks, ok := types.ParseDatetime(s)
	if !ok {
		return fmt.Errorf("%q is not a time; write it as 2026-01-31 or 2026-01-31T12:00:00Z", s)
	}
	*f.t = types.ToTime(ticks)
	return nil
}
