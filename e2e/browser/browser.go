// Package browser drives a real browser, without a window, in which names lead to loopback as somebody's name server could have them do.
package browser

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a page may take, which tells one that hangs from a busy machine.
const patience = 2 * time.Minute

// programs are the names that Chromium has.
var programs = []string{"chromium", "chromium-browser", "google-chrome"}

// Browser is a running browser.
type Browser struct{ ctx context.Context } //nolint:containedctx // it is how chromedp names a browser

// Start starts a browser that ends with the test. Each of the hosts is 127.0.0.1 to it. Where there is none the test is skipped, but not
// in CI, which brings one. Certificates are not checked: what is tried is what servers refuse, not what browsers do.
func Start(tb testing.TB, hosts ...string) *Browser {
	tb.Helper()
	var rules []string
	for _, host := range hosts {
		rules = append(rules, "MAP "+host+" 127.0.0.1")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(find(tb)), chromedp.NoSandbox, // which root cannot have
		chromedp.Flag("host-resolver-rules", strings.Join(rules, ", ")), chromedp.Flag("ignore-certificate-errors", true),
		chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	tb.Cleanup(stop)
	return &Browser{newTarget(allocator, tb)}
}

// newTarget starts a browser, or a tab of one, that ends with the test: its context must have no deadline.
func newTarget(parent context.Context, tb testing.TB) context.Context {
	tb.Helper()
	ctx, quit := chromedp.NewContext(parent)
	tb.Cleanup(quit)
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[chromedp.Void]("")); err != nil {
		tb.Fatalf("starting the browser: %v", err)
	}
	return ctx
}

func find(tb testing.TB) string {
	tb.Helper()
	for _, program := range programs {
		if path, err := exec.LookPath(program); err == nil {
			return path
		}
	}
	const how = "there is no browser: apt-get install chromium"
	if os.Getenv("CI") == "true" {
		tb.Fatal(how)
	}
	tb.Skip(how)
	return ""
}

// Page is a tab.
type Page struct{ ctx context.Context } //nolint:containedctx // it is how chromedp names a tab

// Open opens a URL in a tab of its own.
func (b *Browser) Open(tb testing.TB, url string) *Page {
	tb.Helper()
	p := &Page{newTarget(b.ctx, tb)}
	run(tb, p, "opening "+url, chromedp.Navigate(url))
	return p
}

// Evaluate runs a script as a page's own, waits for its promise, and returns what comes of it.
func Evaluate[T any](tb testing.TB, p *Page, script string) T {
	tb.Helper()
	return run(tb, p, "in the page", chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

func run[T any](tb testing.TB, p *Page, what string, action chromedp.Action[T]) T {
	tb.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, action)
	if err != nil {
		tb.Fatalf("%s: %v", what, err)
	}
	return out
}
