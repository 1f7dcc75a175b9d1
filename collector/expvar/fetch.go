package expvar

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Bounds on what is waited for and read.
const (
	timeout      = 5 * time.Second
	maxBody      = 16 << 20
	maxRedirects = 3
)

// Why there are no numbers. Each error of this package wraps one of these.
var (
	// ErrURL: not a URL that can be asked.
	ErrURL = errors.New("want a URL such as http://localhost:8080/debug/vars")
	// ErrUnreachable: no answer, or one that leads elsewhere.
	ErrUnreachable = errors.New("cannot be asked")
	// ErrNotVars: an answer, but not the variables of a Go process.
	ErrNotVars = errors.New("does not answer with a Go process's variables (import _ \"expvar\" serves them at /debug/vars)")
)

// ParseURL checks the URL; the path /debug/vars can be left out.
func ParseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, ErrURL
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/debug/vars"
	}
	return u, nil
}

// Fetch asks for the variables, for five seconds at the most.
func Fetch(ctx context.Context, u *url.URL) (*Vars, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	body, err := get(ctx, u)
	if err != nil {
		return nil, fmt.Errorf("%s %w", u.Redacted(), err)
	}
	vars, err := parse(body)
	if err != nil {
		return nil, fmt.Errorf("%s %w", u.Redacted(), err)
	}
	return vars, nil
}

// get returns the body of the answer.
func get(ctx context.Context, u *url.URL) (body []byte, err error) {
	// The process is on this host: a proxy knows nothing of it.
	transport := &http.Transport{DisableKeepAlives: true}
	client := http.Client{Transport: transport, CheckRedirect: stayThere}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, ErrURL
	}
	answer, err := client.Do(request)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer func() { _ = answer.Body.Close() }() // only read
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: it answers %d %s", ErrNotVars, answer.StatusCode, http.StatusText(answer.StatusCode))
	}
	body, err = io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	switch {
	case err != nil:
		return nil, unreachable(ctx, err)
	case len(body) > maxBody:
		return nil, fmt.Errorf("%w: the answer is longer than %d MiB", ErrNotVars, maxBody>>20)
	}
	return body, nil
}

// stayThere follows redirects on the same host alone: where a process's own
// variables are, no other host can say.
func stayThere(next *http.Request, via []*http.Request) error {
	first := via[0].URL
	if next.URL.Scheme != first.Scheme || next.URL.Host != first.Host {
		return fmt.Errorf("it leads to another place, %s: give that if it is right", next.URL.Redacted())
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("it leads on and on, more than %d times", maxRedirects)
	}
	return nil
}

// unreachable says what failed without the URL, which is said before it.
func unreachable(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return fmt.Errorf("%w: no whole answer within %v", ErrUnreachable, timeout)
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

func parse(body []byte) (*Vars, error) {
	var v Vars
	if err := json.Unmarshal(body, &v); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotVars, err)
	}
	if v.Stats == nil || v.Stats.Sys == 0 {
		return nil, fmt.Errorf("%w: it has no memstats", ErrNotVars)
	}
	return &v, nil
}
