package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"quarry/detect/rule"
	"quarry/hunt"
	"quarry/kql/bind"
	"quarry/workspace"
)

// enrichFlags say what queries may use besides tables.
type enrichFlags struct {
	geoip       string
	watchlists  []string
	fileProfile string
	functions   []string
}

func (e *enrichFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&e.geoip, "geoip", "", "look addresses up in `FILE`, a MaxMind database such as GeoLite2-City.mmdb")
	f.StringArrayVar(&e.watchlists, "watchlist", nil, "read a watchlist from a CSV or JSON file: `ALIAS=FILE`; may be repeated. Without a column SearchKey the first one of a CSV is the key")
	f.StringVar(&e.fileProfile, "file-profile", "", "answer FileProfile() from `FILE`, a CSV or JSON of SHA1, SHA256, GlobalPrevalence, Signer and so on")
	f.StringArrayVar(&e.functions, "functions", nil, "make the functions and parsers of `PATH`, a file, a folder or a zip archive, callable; may be repeated")
}

// openSpace opens the tables and what goes with them. The functions of pack, if there
// is one, come after those that flags name; the problems are of functions that cannot
// be read or called.
func openSpace(ctx context.Context, d *dataFlags, pack *rule.Pack) (*workspace.Workspace, []rule.Problem, error) {
	o := workspace.Options{Dir: d.workspace, MustExist: d.workspace != "", Schemas: d.schemas, External: d.external, ExternalHosts: d.hosts,
		GeoIP: d.enrich.geoip, FileProfiles: d.enrich.fileProfile}
	var err error
	if o.Watchlists, err = d.enrich.watchlistFiles(); err != nil {
		return nil, nil, err
	}
	functions, problems, err := d.enrich.callable(ctx, pack)
	if err != nil {
		return nil, nil, err
	}
	o.Functions = functions
	w, err := workspace.Open(ctx, o)
	return w, problems, err
}

// watchlistFiles are the files of the watchlists by alias.
func (e *enrichFlags) watchlistFiles() (map[string]string, error) {
	out := map[string]string{}
	for _, w := range e.watchlists {
		alias, file, ok := strings.Cut(w, "=")
		if alias = strings.TrimSpace(alias); !ok || alias == "" || file == "" {
			return nil, usagef("--watchlist %q is not ALIAS=FILE", w)
		}
		if out[alias] != "" {
			return nil, usagef("the watchlist %s is given twice", alias)
		}
		out[alias] = file
	}
	return out, nil
}

// callable makes functions of those that flags name and those of pack, if there is one.
func (e *enrichFlags) callable(ctx context.Context, pack *rule.Pack) (map[string]*bind.Function, []rule.Problem, error) {
	all := &rule.Pack{}
	if len(e.functions) > 0 {
		given, err := rule.Load(ctx, e.functions...)
		if err != nil {
			return nil, nil, err
		}
		if len(given.Functions) == 0 {
			return nil, nil, fmt.Errorf("there is no function in %s", strings.Join(e.functions, ", "))
		}
		all.Functions, all.Problems = given.Functions, given.Problems
	}
	if pack != nil {
		all.Functions = append(all.Functions, pack.Functions...)
	}
	functions, problems := savedFunctions(all)
	return functions, append(all.Problems, problems...), nil
}

// savedFunctions makes the functions of a pack callable, under their names and aliases.
func savedFunctions(pack *rule.Pack) (map[string]*bind.Function, []rule.Problem) {
	out := map[string]*bind.Function{}
	var problems []rule.Problem
	for _, f := range pack.Functions {
		for _, name := range append([]string{f.Name}, f.Aliases...) {
			if _, taken := out[name]; taken || name == "" {
				continue
			}
			fn, err := hunt.NewFunction(name, f.Definition())
			if err != nil {
				problems = append(problems, rule.Problem{File: f.File, Line: f.Line, Message: fmt.Sprintf("the function %s cannot be called: %v", name, err)})
				break
			}
			out[name] = fn
		}
	}
	return out, problems
}
