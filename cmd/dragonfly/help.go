package main

import (
	"fmt"
	"io"
	"strings"

	"dragonfly/server/config"
	"dragonfly/server/glog"
)

// The version of the program; the linker writes the real ones.
var (
	version   = "v0.1.0-dev"
	buildTime = "unknown"
)

// printVersion prints what --version prints.
func printVersion(w io.Writer) {
	fmt.Fprintf(w, "dragonfly \x1b[0;32m%s\x1b[m\nbuild time: \x1b[0;33m%s\x1b[m\n", version, buildTime)
}

// helpWanted reports whether one of the help flags was given.
func (cl *commandLine) helpWanted() bool {
	p := &cl.program
	return p.help || p.helpShort || p.helpFull || p.helpPackage || p.helpMatch != "" || p.helpOn != ""
}

// printHelp prints the flags the help flags ask for, section by section.
func (cl *commandLine) printHelp(w io.Writer) {
	fmt.Fprint(w, "dragonfly: an in-memory data store that speaks the Redis protocol.\n\nUsage: dragonfly [--name=value ...]\n"+
		"       dragonfly inspect [--json] [--top N] PATH...    report what snapshots hold, without serving them\n"+
		"Every flag can also be given as the environment variable DFLY_<name>, or in a file (--flagfile).\n")
	for _, section := range config.Sections() {
		title := section.Title
		for i := range section.Settings {
			s := &section.Settings[i]
			if !cl.helpCovers(section.Title, s) {
				continue
			}
			if title != "" {
				fmt.Fprintf(w, "\n  Flags from %s:\n", title)
				title = ""
			}
			cl.printFlag(w, s)
		}
	}
	if cl.program.helpOn == "" && cl.program.helpMatch == "" {
		cl.printProgramFlags(w)
	}
}

// helpCovers reports whether a setting belongs in the help text that was asked for.
func (cl *commandLine) helpCovers(section string, s *config.Setting) bool {
	p := &cl.program
	lower := strings.ToLower(section)
	switch {
	case p.helpFull:
		return true
	case p.helpOn != "":
		return strings.EqualFold(p.helpOn, section)
	case p.helpMatch != "":
		return strings.Contains(s.Name, p.helpMatch) || strings.Contains(lower, strings.ToLower(p.helpMatch))
	case p.helpShort:
		return s.Status == config.Live
	}
	return s.Status == config.Live || s.Status == config.Unbuilt
}

// printFlag prints one setting.
func (cl *commandLine) printFlag(w io.Writer, s *config.Setting) {
	help := s.Help
	switch s.Status {
	case config.Tuning:
		help += "; no effect here: " + s.Reason
	case config.Unbuilt:
		help += "; not available: " + s.Reason
	case config.Retired:
		help = "retired"
	}
	fmt.Fprintf(w, "    --%s (%s); default: %s;", s.Name, help, s.Kind.Show(s.Default))
	if f := cl.flags.Lookup(s.Name); f.Changed && f.Value.String() != s.Default {
		fmt.Fprintf(w, " currently: %s;", s.Kind.Show(f.Value.String()))
	}
	fmt.Fprintln(w)
}

// printProgramFlags prints the flags that are not settings.
func (cl *commandLine) printProgramFlags(w io.Writer) {
	fmt.Fprint(w, "\n  Flags from the program:\n")
	for _, name := range []string{"help", "helpshort", "helpfull", "helppackage", "helpmatch", "helpon", "version", flagfile, fromenv, tryfromenv, undefok, "only_check_args", "healthcheck"} {
		fmt.Fprintf(w, "    --%s (%s)\n", name, cl.flags.Lookup(name).Usage)
	}
	fmt.Fprint(w, "\nTry --helpfull for all flags, or --helpmatch=<word>.\n")
}

// printBanner greets whoever started the program by hand, and says where the log goes.
func printBanner(w io.Writer, log *glog.Options) {
	fmt.Fprint(w, banner)
	switch {
	case log.ToStderr:
		fmt.Fprint(w, "* Logs are written to stderr\n")
	case log.ToStdout:
		fmt.Fprint(w, "* Logs are written to stdout\n")
	default:
		fmt.Fprint(w, "* Logs will be written to the first available of the following paths:\n")
		for _, dir := range log.Dirs() {
			fmt.Fprintf(w, "%s/dragonfly.*\n", strings.TrimRight(dir, "/"))
		}
	}
	fmt.Fprint(w, "* For the available flags type dragonfly [--help | --helpfull]\n")
}

const banner = `
     \        ||        /
   ___\_______||_______/___
  (___________||___________)
     ________/||\________
    (________/||\________)
              ||
              ||     dragonfly
              ||
              \/

`
