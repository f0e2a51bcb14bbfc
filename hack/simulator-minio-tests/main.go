// Command simulator-minio-tests runs minio-go's own functional test program against the simulator, case by case, each
// against a fresh simulator, and prints a table of the results. It exits with 1 when a case fails that is not expected to.
//
// The program is built from the module cache into a scratch module, with this module's versions, so it needs no network.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
)

func main() {
	run := flag.String("run", "", "run only the cases that match this regular expression")
	verbose := flag.Bool("v", false, "print what a failed case says")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := runAll(ctx, *run, *verbose)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "simulator-minio-tests:", err)
		os.Exit(1)
	}
}

func runAll(ctx context.Context, pattern string, verbose bool) error {
	wanted, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	suite, err := build(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(suite.dir) }()
	cases := slices.DeleteFunc(suite.cases, func(c testCase) bool { return !wanted.MatchString(c.name) })
	results := make([]result, len(cases))
	var wait sync.WaitGroup
	slots := make(chan struct{}, runtime.NumCPU())
	for i, c := range cases {
		slots <- struct{}{}
		wait.Go(func() {
			results[i] = suite.run(ctx, c)
			<-slots
		})
	}
	wait.Wait()
	return report(results, verbose)
}

// report prints the table, and returns an error when a case did not end as expected.
func report(results []result, verbose bool) error {
	type count struct{ passed, total int }
	counts := map[group]*count{}
	var unexpected []string
	for _, r := range results {
		in := r.group
		if counts[in] == nil {
			counts[in] = &count{}
		}
		counts[in].total++
		if r.passed {
			counts[in].passed++
		}
		fmt.Printf("%-4s %-22s %6.1fs %s\n", map[bool]string{true: "ok", false: "FAIL"}[r.passed], in, r.seconds, r.name)
		reason, known := exceptions[r.name]
		if r.group == signedV2 {
			reason, known = "buckets made since June 2020 do not take Signature Version 2", true
		}
		switch {
		case !r.passed && known:
			fmt.Println("     expected:", reason)
		case !r.passed:
			unexpected = append(unexpected, r.name)
			fmt.Println("     ", r.problem)
			if verbose {
				fmt.Println(r.output)
			}
		case known:
			unexpected = append(unexpected, r.name+" (passes, but is listed as an exception)")
		}
	}
	fmt.Println()
	for _, in := range groups {
		if c := counts[in]; c != nil {
			fmt.Printf("%-22s %d of %d\n", in, c.passed, c.total)
		}
	}
	if len(unexpected) > 0 {
		return errors.New("not as expected: " + strings.Join(unexpected, ", "))
	}
	return nil
}
