package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/spf13/cobra"

	"quarry/api"
	"quarry/api/kusto"
)

func (a *app) serveCommand() *cobra.Command {
	var d dataFlags
	var listen, tokenFile string
	var verbose bool
	cmd := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Answer Kusto clients over HTTP",
		Long: `Answer Kusto clients over HTTP: the SDKs, Grafana, notebooks.

Without a token the server listens on this machine only.`,
		Example: `  quarry serve --data logs/
  quarry serve --workspace soc --listen 0.0.0.0:8080 --token token.txt`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			token, err := readToken(tokenFile)
			if err != nil {
				return err
			}
			if token == "" && !api.IsLoopback(listen) {
				return usagef("%s is reachable from other machines; give a token with --token FILE, or listen on 127.0.0.1", listen)
			}
			return a.serve(cmd.Context(), &d, listen, token, verbose)
		},
	}
	d.add(cmd)
	f := cmd.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:8080", "listen on `ADDR`; port 0 takes a free one")
	f.StringVar(&tokenFile, "token", "", "ask clients for the token that `FILE` holds")
	f.BoolVarP(&verbose, "verbose", "v", false, "log each request")
	return cmd
}

func readToken(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 16 {
		return "", fmt.Errorf("the token in %s is shorter than 16 characters; \"openssl rand -hex 32\" makes a good one", file)
	}
	return token, nil
}

// serve runs until ctx ends.
func (a *app) serve(ctx context.Context, d *dataFlags, listen, token string, verbose bool) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	w, err := a.open(ctx, d)
	if err != nil {
		return err
	}
	defer w.Close()
	k := kusto.New(w.Session)
	k.Now, k.Version = d.now, Version
	if verbose {
		k.Log = slog.New(slog.NewTextHandler(a.stderr, nil))
	}
	server := &http.Server{
		Handler:           handler(k, token),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          slog.NewLogLogger(slog.NewTextHandler(a.stderr, nil), slog.LevelWarn),
	}
	fmt.Fprintf(a.stdout, "Quarry answers at http://%s\n", listener.Addr())
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err = <-done:
		return err
	case <-ctx.Done():
	}
	// The queries under way end with ctx; half a second lets their answers out.
	shut, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	if err := server.Shutdown(shut); errors.Is(err, context.DeadlineExceeded) {
		server.Close()
	}
	return nil
}

// handler is everything that the server answers.
func handler(k *kusto.Server, token string) http.Handler {
	r := chi.NewRouter()
	k.Mount(r)
	// A text answer breaks clients that read every answer as JSON.
	r.NotFound(func(w http.ResponseWriter, r *http.Request) {
		kusto.Refuse(w, r, http.StatusNotFound, "there is nothing at "+r.URL.Path)
	})
	r.MethodNotAllowed(func(w http.ResponseWriter, r *http.Request) {
		kusto.Refuse(w, r, http.StatusMethodNotAllowed, r.Method+" is not allowed at "+r.URL.Path)
	})
	guard := api.Guard{Token: token, Open: kusto.OpenPaths}
	return guard.Wrap(r, kusto.Refuse)
}
