package lanes

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"
)

func enter(t *testing.T, l *Lanes, endpoint string, slow bool) Turn {
	t.Helper()
	turn, ok := l.Enter(endpoint)
	if !ok || turn.slow != slow {
		t.Fatalf("%s: got in %v, slow %v; want slow %v", endpoint, ok, turn.slow, slow)
	}
	return turn
}

func TestLanes(t *testing.T) {
	l := New(4)
	for range 10 {
		enter(t, l, "good", false)
	}
	for i := range 3 {
		enter(t, l, strconv.Itoa(i), false).leave(Quick, false)
	}
	first := enter(t, l, "0", true)
	if _, ok := l.Enter("0"); ok {
		t.Error("two workers ask a slow endpoint")
	}
	second := enter(t, l, "1", true)
	if _, ok := l.Enter("2"); ok {
		t.Error("slow endpoints have more than half of the workers")
	}
	enter(t, l, "good", false)

	first.leave(time.Millisecond, true) // it answers again
	enter(t, l, "0", false)
	third := enter(t, l, "2", true)
	second.leave(10*Quick, true) // it is only slow
	enter(t, l, "1", true).leave(2*Quick, true)
	second = enter(t, l, "1", true)
	third.leave(10*Quick, false)
	fourth := enter(t, l, "1", true)
	second.leave(10*Quick, false)
	if _, ok := l.Enter("1"); ok {
		t.Error("two workers ask an endpoint that did not answer")
	}
	fourth.leave(time.Millisecond, true)
	enter(t, l, "1", false)
}

func TestKnown(t *testing.T) {
	l := New(8)
	for i := range 2 * known {
		enter(t, l, strconv.Itoa(i), false).leave(Quick, true)
	}
	if len(l.slow) > known {
		t.Errorf("%d endpoints are remembered, want %d at most", len(l.slow), known)
	}
	l.slow = map[string]*endpoint{"late": {}}
	before := enter(t, l, "late", true)
	before.leave(time.Millisecond, true)
	if len(l.slow) != 0 {
		t.Errorf("an endpoint that answers is remembered: %v", l.slow)
	}
}

func TestAsk(t *testing.T) {
	l := New(2)
	silent := func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}
	refused := errors.New("refused")
	for _, step := range []struct {
		timeout time.Duration
		ask     func(context.Context) error
		slow    bool
		want    error
	}{
		{10 * Quick, func(context.Context) error { return nil }, false, nil},
		{10 * Quick, func(context.Context) error { return refused }, false, refused},
		{Quick / 10, silent, false, context.DeadlineExceeded},
		{0, silent, false, ErrSlow},
		{Quick, silent, true, context.DeadlineExceeded},
		{0, func(context.Context) error { return refused }, true, refused},
		{10 * Quick, silent, false, ErrSlow},
	} {
		if err := enter(t, l, "a", step.slow).Ask(t.Context(), step.timeout, step.ask); !errors.Is(err, step.want) {
			t.Errorf("got %v, want %v", err, step.want)
		}
	}
}
