package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	"dragonfly/server/inspect"
)

// inspectWord is the first argument that makes the program inspect snapshots instead of serving one.
const inspectWord = "inspect"

const inspectUsage = `Usage: dragonfly inspect [flags] PATH...

Reports what snapshots hold and whether they would load, without serving them. PATH is an RDB file, the summary or
a shard file of a DFS snapshot, or a directory, of which the newest snapshot is taken. Little memory is needed,
however large the snapshot is. The exit code is 0 if all of them would load, else 1.

Flags:
`

// inspectFlags are what follows the word inspect.
type inspectFlags struct {
	json, noProgress bool
	top, dbnum       int
	paths            []string
}

// parseInspect reads the arguments behind the word.
func parseInspect(args []string, stderr io.Writer) (*inspectFlags, error) {
	var f inspectFlags
	set := pflag.NewFlagSet(inspectWord, pflag.ContinueOnError)
	set.SetOutput(stderr)
	set.SortFlags = false
	set.BoolVar(&f.json, "json", false, "print one JSON object per PATH, on a line of its own")
	set.IntVar(&f.top, "top", 10, "list so many of the biggest keys")
	set.IntVar(&f.dbnum, "dbnum", 16, "the number of databases the server would have")
	set.BoolVar(&f.noProgress, "no-progress", false, "show no progress; it is only shown on a terminal, on stderr")
	set.Usage = func() { fmt.Fprint(stderr, inspectUsage, set.FlagUsages()) }
	if err := set.Parse(args); err != nil {
		return nil, err
	}
	f.paths = withoutShards(set.Args())
	switch {
	case len(f.paths) == 0:
		return nil, errors.New("no PATH is given; see dragonfly inspect --help")
	case f.top < 0:
		return nil, fmt.Errorf("--top is %d", f.top)
	case f.dbnum < 1:
		return nil, fmt.Errorf("--dbnum is %d", f.dbnum)
	}
	return &f, nil
}

// withoutShards leaves out the shard files of snapshots whose summaries are there too, as in data/*.dfs.
func withoutShards(paths []string) (rest []string) {
	for _, path := range paths {
		if summary, ok := inspect.SummaryOf(path); !ok || !slices.Contains(paths, summary) {
			rest = append(rest, path)
		}
	}
	return rest
}

// runInspect is the subcommand: it returns the exit code.
func runInspect(args []string, stdout, stderr io.Writer) int {
	f, err := parseInspect(args, stderr)
	if errors.Is(err, pflag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "ERROR: "+err.Error())
		return exitError
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	return f.run(ctx, stdout, stderr)
}

// run reports on one snapshot after the other.
func (f *inspectFlags) run(ctx context.Context, stdout, stderr io.Writer) int {
	code := exitOK
	for i, path := range f.paths {
		r, err := f.inspect(ctx, path, stderr)
		if ctx.Err() != nil {
			fmt.Fprintln(stderr, "Interrupted.")
			return exitError
		}
		if err == nil && f.json {
			err = r.WriteJSON(stdout)
		} else if err == nil {
			if i > 0 {
				fmt.Fprintln(stdout)
			}
			err = r.WriteText(stdout)
		}
		if err != nil {
			fmt.Fprintln(stderr, "ERROR: "+err.Error())
			return exitError
		}
		if !r.Loads {
			code = exitError
		}
	}
	return code
}

// inspect reports on one snapshot and shows how far it is.
func (f *inspectFlags) inspect(ctx context.Context, path string, stderr io.Writer) (*inspect.Report, error) {
	opt := inspect.Options{Now: time.Now(), Databases: f.dbnum, Top: f.top}
	if width := terminalWidth(stderr); width > 0 && !f.noProgress {
		bar := &progressBar{w: stderr, width: width, path: path, start: opt.Now}
		defer bar.clear()
		opt.Progress = bar.show
	}
	return inspect.Path(ctx, path, opt)
}
