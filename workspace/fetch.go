package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// Bounds of one fetched file.
const (
	maxFetch     = 256 << 20 // bytes
	fetchTimeout = time.Minute
	maxRedirects = 5
)

// fetcher brings external data from the hosts that the user allows, each address once
// a session. Nothing else in Quarry asks the network for anything.
type fetcher struct {
	hosts  map[string]bool // lower case, "host" or "host:port"
	client *http.Client

	mu    sync.Mutex
	dir   string            // private, made at need
	files map[string]string // by address
}

func newFetcher(hosts []string) (*fetcher, error) {
	f := &fetcher{hosts: map[string]bool{}, files: map[string]string{}}
	for _, h := range hosts {
		u, err := url.Parse("//" + h)
		if err != nil || u.Host != h || u.Hostname() == "" || strings.Contains(h, "*") {
			return nil, fmt.Errorf("%q is not a host such as raw.example.org or example.org:8443", h)
		}
		f.hosts[strings.ToLower(h)] = true
	}
	f.client = &http.Client{Timeout: fetchTimeout, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if len(via) >= maxRedirects {
			return fmt.Errorf("more than %d redirections", maxRedirects)
		}
		return f.allows(r.URL)
	}}
	return f, nil
}

// allows reports why an address must not be asked.
func (f *fetcher) allows(u *url.URL) error {
	switch {
	case u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q is no address of the web", u.Scheme+":")
	case !f.hosts[strings.ToLower(u.Host)]:
		return fmt.Errorf("the host %s is not allowed; --external-host %[1]s allows it", u.Host)
	}
	return nil
}

// fetch gives the file that holds what an address answers.
func (f *fetcher) fetch(ctx context.Context, address string) (string, error) {
	// What follows ";" is a key for Kusto, no part of the address.
	address, _, _ = strings.Cut(address, ";")
	u, err := url.Parse(address)
	if err != nil {
		return "", errors.New("the address of the external data cannot be read")
	}
	if err := f.allows(u); err != nil {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if file, ok := f.files[address]; ok {
		return file, nil
	}
	file, err := f.get(ctx, u)
	if err != nil {
		// A signature in the query of an address is a secret.
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return "", fmt.Errorf("%s://%s%s: %w", u.Scheme, u.Host, u.Path, err)
	}
	f.files[address] = file
	return file, nil
}

func (f *fetcher) get(ctx context.Context, u *url.URL) (name string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	res, err := f.client.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("the server answers %s", res.Status)
	}
	if f.dir == "" {
		if f.dir, err = os.MkdirTemp("", "quarry-external-"); err != nil {
			return "", err
		}
	}
	out, err := os.CreateTemp(f.dir, "")
	if err != nil {
		return "", err
	}
	n, err := io.Copy(out, io.LimitReader(res.Body, maxFetch+1))
	if err == nil && n > maxFetch {
		err = fmt.Errorf("larger than %d bytes; keep a local copy of what is needed of it", maxFetch)
	}
	return out.Name(), errors.Join(err, out.Close())
}

// Close removes what was fetched.
func (f *fetcher) Close() error {
	if f == nil || f.dir == "" {
		return nil
	}
	return os.RemoveAll(f.dir)
}
