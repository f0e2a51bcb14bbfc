package browser

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// Resize gives a page's window a size in pixels.
func (p *Page) Resize(tb testing.TB, width, height int64) {
	tb.Helper()
	run(tb, p, "resizing the window", chromedp.EmulateViewport(width, height))
}

// Theme has the user prefer a colour scheme, light or dark.
func (p *Page) Theme(tb testing.TB, scheme string) {
	tb.Helper()
	run(tb, p, "choosing a theme", func(ctx context.Context, t *chromedp.Target) (cdp.Empty, error) {
		return cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
	})
}

// Press presses keys, as a user without a mouse does.
func (p *Page) Press(tb testing.TB, keys string) {
	tb.Helper()
	run(tb, p, "pressing keys", chromedp.KeyEvent(keys))
}

// Screenshot returns what the window shows, as PNG.
func (p *Page) Screenshot(tb testing.TB) []byte {
	tb.Helper()
	return run(tb, p, "taking a screenshot", chromedp.CaptureScreenshot())
}

// Heap returns how many bytes the scripts of a page hold on to, once what they do not is swept.
func (p *Page) Heap(tb testing.TB) int {
	tb.Helper()
	return run(tb, p, "measuring the heap", func(ctx context.Context, t *chromedp.Target) (int, error) {
		if _, err := cdp.Call(ctx, t, heapprofiler.CollectGarbage, cdp.Empty{}); err != nil {
			return 0, err
		}
		usage, err := cdp.Call(ctx, t, runtime.GetHeapUsage, cdp.Empty{})
		return int(usage.UsedSize), err
	})
}

// Wait waits until an expression of a page is true.
func (p *Page) Wait(tb testing.TB, expression string) {
	tb.Helper()
	Evaluate[bool](tb, p, fmt.Sprintf(`new Promise((resolve, reject) => {
		const begun = Date.now();
		const look = () => {
			if (%s) return resolve(true);
			if (Date.now() - begun > %d) return reject(new Error(%q + " never is; the page shows:\n" + document.body.innerText));
			setTimeout(look, 50);
		};
		look();
	})`, expression, (patience/2).Milliseconds(), expression))
}

// Await is Wait while a page gives way to another, which is no error here.
func (p *Page) Await(tb testing.TB, expression string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	for {
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
		if err == nil && is {
			return
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			tb.Fatalf("%s never is: %v", expression, err)
		}
	}
}

// Complaints gathers what a page's console is told that is wrong, until the test ends.
func (p *Page) Complaints(tb testing.TB) func() []string {
	tb.Helper()
	ctx, cancel := context.WithCancel(p.ctx)
	messages := chromedp.Console(ctx)
	var found []string
	done := make(chan struct{})
	go func() {
		defer close(done)
		for message, err := range messages {
			if err != nil {
				return
			}
			if message.IsException() || message.Type == chromedp.ConsoleError || message.Type == chromedp.ConsoleWarning {
				found = append(found, message.String())
			}
		}
	}()
	return func() []string {
		cancel()
		<-done
		return found
	}
}
