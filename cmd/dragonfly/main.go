// Command dragonfly is the server. It turns flags, flag files and the environment into the settings of the server, logs
// what it decides, and runs it until a signal or a client ends it.
//
// Flags, environment and output are those of Dragonfly, except on purpose:
//
//   - an argument that belongs to no flag is named in a warning instead of being ignored silently;
//   - a flag of a feature this server lacks is refused, one that only tunes the inside of Dragonfly is noted in the log;
//   - a flag without its value at the end of a line of a flag file is a mistake; it does not take the next line;
//   - --healthcheck makes the program the probe of its own container;
//   - the word inspect before all flags makes it report on snapshots instead of serving one;
//   - the help text is not coloured, and --helpshort prints the flags that take effect.
//
// Exit codes: 0 after an orderly end, --version and --only_check_args; 1 after mistakes in flags, help, settings that do not
// go together, and a snapshot that does not load or would not; 134 after a fatal message in the log, such as a mistake in
// the environment.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"dragonfly/server/glog"
)

// Exit codes of the process.
const (
	exitOK    = 0
	exitError = 1
	exitFatal = 134 // what a shell reports for a process that aborted
)

func main() {
	os.Exit(execute(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// execute is the whole program: it returns the exit code.
func execute(args []string, env environment, stdout, stderr io.Writer) int {
	if len(args) > 0 && args[0] == inspectWord {
		return runInspect(args[1:], stdout, stderr)
	}
	cl := parse(args, env)
	for _, text := range cl.warnings {
		fmt.Fprintln(stderr, "WARNING: "+text)
	}
	for _, text := range cl.errs {
		fmt.Fprintln(stderr, "ERROR: "+text)
	}
	switch {
	case len(cl.errs) > 0:
		return exitError
	case cl.program.version:
		printVersion(stdout)
		return exitOK
	case cl.helpWanted():
		cl.printHelp(stdout)
		return exitError
	case cl.program.healthcheck:
		return healthcheck(cl, env, stderr)
	}

	cfg := &cl.cfg
	cfg.Version = version
	cfg.Log.Stdout, cfg.Log.Stderr, cfg.Log.Getenv = stdout, stderr, env.get
	handler := glog.New(cfg.Log)
	defer handler.Close()
	log := slog.New(handler)
	if len(cl.fatal) > 0 {
		for _, text := range cl.fatal {
			log.Log(context.Background(), glog.LevelFatal, text)
		}
		return exitFatal
	}
	if cl.program.onlyCheckArgs {
		return exitOK
	}

	if !cfg.OmitBanner {
		printBanner(stdout, &cfg.Log)
	}
	log.Info("Starting dragonfly " + version)
	for _, text := range cl.notes {
		log.Info(text)
	}
	if !prepare(cfg, log) {
		return exitError
	}
	return run(cfg, log)
}
