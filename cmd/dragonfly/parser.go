package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"dragonfly/server/config"
)

// parser reads command lines by the rules of Dragonfly's flag library, which are not pflag's:
//
//	--name=value  --name value  -name=value  -name value    the same
//	--bool  --nobool  --bool=word                            a boolean never takes the next argument
//	--                                                       ends the flags
//
// Flag files and --fromenv take effect where they stand, and a later value replaces an earlier one. Every mistake is
// collected, so that all of them can be reported at once.
type parser struct {
	flags      *pflag.FlagSet
	env        environment
	errs       []string
	unknown    []string // names of flags that do not exist
	tolerated  []string // names of --undefok
	warnings   []string
	reading    []string // flag files being read, outermost first
	configFile string   // the first flag file of the command line
}

// arguments reads a list of arguments; lines of a file are one flag each and do not take the next line for a value.
func (p *parser) arguments(args []string, lines bool) {
	lastBool := "" // the flag just set, if it was a boolean without a value
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			for _, arg := range args {
				p.positional(arg, "")
			}
			return
		}
		if arg == "-" || !strings.HasPrefix(arg, "-") {
			p.positional(arg, lastBool)
			lastBool = ""
			continue
		}
		o := p.occurrence(arg)
		if o.wantsNext() && !lines && len(args) > 0 {
			o.value, o.hasValue = args[0], true
			args = args[1:]
			p.doubt(o)
		}
		p.set(o)
		lastBool = ""
		if o.isBool && !o.hasValue {
			lastBool = o.name
		}
	}
}

// occurrence is one flag as it stands on the command line.
type occurrence struct {
	name     string // without dashes; without "no" when negative
	value    string
	hasValue bool // there is a value, even an empty one
	known    bool
	isBool   bool
	negative bool // --noname
}

// occurrence takes an argument that begins with a dash apart.
func (p *parser) occurrence(arg string) occurrence {
	arg = strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-")
	var o occurrence
	o.name, o.value, o.hasValue = strings.Cut(arg, "=")
	flag := p.flags.Lookup(o.name)
	if bare, ok := strings.CutPrefix(o.name, "no"); flag == nil && ok {
		if flag = p.flags.Lookup(bare); flag != nil {
			o.name, o.negative = bare, true
		}
	}
	o.known = flag != nil
	o.isBool = flag != nil && flag.Value.Type() == config.Bool.String()
	return o
}

// wantsNext reports whether the value must be the next argument.
func (o *occurrence) wantsNext() bool { return o.known && !o.isBool && !o.negative && !o.hasValue }

// doubt warns of a value that looks like a flag: one is probably missing.
func (p *parser) doubt(o occurrence) {
	if strings.HasPrefix(o.value, "-") && p.occurrence(o.value).known {
		p.warnings = append(p.warnings, fmt.Sprintf("Did you really mean to set flag '%s' to the value '%s'?", o.name, o.value))
	}
}

// positional names an argument that belongs to no flag. There is nothing it could mean.
func (p *parser) positional(arg, lastBool string) {
	hint := "settings are given as --name=value"
	if _, err := config.ParseBool(arg); err == nil && lastBool != "" {
		hint = fmt.Sprintf("to set the flag before it write --%s=%s", lastBool, arg)
	}
	p.warnings = append(p.warnings, fmt.Sprintf("Ignored argument '%s': %s", arg, hint))
}

// set gives a flag its value, or records why it cannot.
func (p *parser) set(o occurrence) {
	switch {
	case !o.known:
		p.unknown = append(p.unknown, o.name)
	case o.isBool && o.negative && o.hasValue:
		p.fail("Negative form with assignment is not valid for the boolean flag '%s'", o.name)
	case o.isBool && o.hasValue && o.value == "":
		p.fail("Missing the value after assignment for the boolean flag '%s'", o.name)
	case o.negative && !o.isBool:
		p.fail("Negative form is not valid for the flag '%s'", o.name)
	case !o.isBool && !o.hasValue:
		p.fail("Missing the value for the flag '%s'", o.name)
	default:
		if o.isBool && !o.hasValue {
			o.value = fmt.Sprint(!o.negative)
		}
		if err := setFlag(p.flags, o.name, o.value); err != nil {
			p.fail("%v", err)
			return
		}
		p.act(o.name, o.value)
	}
}

func (p *parser) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Sprintf(format, args...))
}

// setFlag gives a flag a value; its error is the whole text for the user.
func setFlag(flags *pflag.FlagSet, name, value string) error {
	err := flags.Set(name, value)
	if err == nil {
		return nil
	}
	text := fmt.Sprintf("Illegal value '%s' specified for flag '%s'", value, name)
	if reason := errors.Unwrap(err); reason != nil && reason.Error() != "" {
		text += "; " + reason.Error()
	}
	return errors.New(text)
}

// act does what the parser's own flags ask for.
func (p *parser) act(name, value string) {
	switch name {
	case flagfile:
		for _, file := range splitList(value) {
			p.file(file)
		}
	case fromenv, tryfromenv:
		for _, flag := range splitList(value) {
			p.fromEnvironment(flag, name == fromenv)
		}
	case undefok:
		p.tolerated = append(p.tolerated, splitList(value)...)
	}
}

// splitList splits a list at commas and drops empty words.
func splitList(text string) []string {
	return slices.DeleteFunc(strings.Split(text, ","), func(word string) bool { return word == "" })
}

// file reads a flag file: one flag a line; blank lines and lines that begin with # are skipped. A value goes to the end
// of its line, blanks and quotes included.
func (p *parser) file(path string) {
	if slices.Contains(p.reading, path) {
		p.fail("Flagfile %s reads itself", path)
		return
	}
	text, err := os.ReadFile(path)
	if err != nil {
		p.fail("Can't open flagfile %s", path)
		return
	}
	if p.configFile == "" {
		p.configFile = path
	}
	var args []string
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimRight(line, "\r\n")
		line = strings.TrimLeft(line, " \t\v\f\r")
		switch {
		case line == "" || line[0] == '#':
		case line == "-" || line == "--":
			p.fail("Flagfile can't contain position arguments or --")
			return
		case line[0] != '-':
			p.fail("Unexpected line %d in the flagfile %s", n, path)
			return
		default:
			args = append(args, line)
		}
	}
	p.reading = append(p.reading, path)
	p.arguments(args, true)
	p.reading = p.reading[:len(p.reading)-1]
}

// fromEnvironment reads one flag from the variable FLAGS_<name>.
func (p *parser) fromEnvironment(name string, must bool) {
	if name == fromenv || name == tryfromenv {
		p.fail("Infinite recursion on flag '%s'", name)
		return
	}
	value, ok := p.env.lookup("FLAGS_" + name)
	switch {
	case ok:
		p.arguments([]string{"--" + name + "=" + value}, true)
	case must:
		p.fail("FLAGS_%s not found in environment", name)
	}
}

// report returns all mistakes: those in flags that exist, then the names of those that do not.
func (p *parser) report() []string {
	errs := p.errs
	for _, name := range p.unknown {
		if p.tolerates(name) {
			continue
		}
		text := fmt.Sprintf("Unknown command line flag '%s'", name)
		if near := similar(p.flags, name); len(near) > 0 {
			text += ". Did you mean: " + strings.Join(near, ", ") + " ?"
		}
		errs = append(errs, text)
	}
	return errs
}

// tolerates reports whether --undefok names the flag, or the flag without its "no".
func (p *parser) tolerates(name string) bool {
	bare, negative := strings.CutPrefix(name, "no")
	return slices.Contains(p.tolerated, name) || (negative && slices.Contains(p.tolerated, bare))
}
