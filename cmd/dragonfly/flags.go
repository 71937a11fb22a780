package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"dragonfly/server/config"
)

// commandLine is everything that was asked of the program before it starts.
type commandLine struct {
	cfg      config.Config
	flags    *pflag.FlagSet // every flag, of the server and of the program
	program  programFlags
	errs     []string // why the program must not start; each for one line on stderr
	fatal    []string // likewise, found in the environment; for the log
	warnings []string // for stderr; the program starts nevertheless
	notes    []string // settings without effect; for the log
}

// programFlags are the flags that are about the program itself and not settings of a server.
type programFlags struct {
	help, helpShort, helpFull, helpPackage bool
	helpMatch, helpOn                      string

	version, onlyCheckArgs, healthcheck bool
}

// The flags of the parser itself: it acts on them where they stand.
const (
	flagfile   = "flagfile"
	fromenv    = "fromenv"
	tryfromenv = "tryfromenv"
	undefok    = "undefok"
)

// parse reads the arguments behind the program's name, the flag files they name, and the environment.
func parse(args []string, env environment) *commandLine {
	cl := &commandLine{cfg: config.Default()}
	cl.defineFlags()
	p := parser{flags: cl.flags, env: env}
	p.arguments(args, false)
	cl.errs = p.report()
	cl.warnings = p.warnings
	cl.applyEnvironment(env)
	cl.cfg.ConfigFile = p.configFile
	cl.cfg.DFSnapshotFormatGiven = cl.flags.Changed("df_snapshot_format")
	cl.judgeInert()
	return cl
}

// defineFlags declares all flags.
func (cl *commandLine) defineFlags() {
	cl.flags = pflag.NewFlagSet("dragonfly", pflag.ContinueOnError)
	cl.flags.SortFlags = false
	cl.flags.SetOutput(io.Discard)
	for _, section := range config.Sections() {
		for i := range section.Settings {
			s := &section.Settings[i]
			cl.flags.Var(&settingValue{s, &cl.cfg, s.Default}, s.Name, s.Help)
		}
	}
	p := &cl.program
	boolean := func(to *bool, name, help string) { cl.flags.Var((*boolValue)(to), name, help) }
	boolean(&p.help, "help", "Print the flags of the server and exit")
	boolean(&p.helpShort, "helpshort", "Print the flags that take effect and exit")
	boolean(&p.helpFull, "helpfull", "Print all flags and exit")
	boolean(&p.helpPackage, "helppackage", "The same as --help")
	cl.flags.StringVar(&p.helpMatch, "helpmatch", "", "Print the flags whose name or section contains this and exit")
	cl.flags.StringVar(&p.helpOn, "helpon", "", "Print the flags of this section and exit")
	boolean(&p.version, "version", "Print the version and exit")
	boolean(&p.onlyCheckArgs, "only_check_args", "Check flags and environment and exit")
	boolean(&p.healthcheck, "healthcheck", "Ask the server at HEALTHCHECK_PORT, else the one these flags or process 1 configure, whether it is alive; exit with 0 if so, else 1")
	cl.flags.String(flagfile, "", "Files to read flags from, one --name=value a line")
	cl.flags.String(fromenv, "", "Flags to read from the environment, as FLAGS_<name>")
	cl.flags.String(tryfromenv, "", "The same for flags that may be absent there")
	cl.flags.String(undefok, "", "Names of flags that need not exist")
}

// judgeInert refuses flags of features this server lacks and notes the flags that have no effect.
func (cl *commandLine) judgeInert() {
	for _, section := range config.Sections() {
		for i := range section.Settings {
			s := &section.Settings[i]
			text, given := cl.cfg.Inert[s.Name]
			switch {
			case !given:
			case s.Status == config.Unbuilt && !s.IsDefault(text):
				cl.errs = append(cl.errs, fmt.Sprintf("Flag '%s' cannot be used: this server does not have %s", s.Name, s.Reason))
			case s.Status == config.Tuning:
				cl.notes = append(cl.notes, fmt.Sprintf("flag --%s has no effect here: %s", s.Name, s.Reason))
			case s.Status == config.Retired:
				cl.notes = append(cl.notes, fmt.Sprintf("flag --%s has no effect here: it is retired", s.Name))
			}
		}
	}
}

// applyEnvironment gives flags that were not on the command line the value of the environment variable DFLY_<name>.
// A variable that begins so and names no setting of the server is a mistake, as is a value its flag does not take.
func (cl *commandLine) applyEnvironment(env environment) {
	const prefix, exempt = "DFLY_", "DFLY_DEV_ENV"
	variables := slices.Clone(env)
	slices.Sort(variables)
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		if !strings.HasPrefix(name, prefix) || name == exempt {
			continue
		}
		flag := strings.TrimPrefix(name, prefix)
		if _, isSetting := config.Lookup(flag); !isSetting {
			cl.fatal = append(cl.fatal, "unknown environment variable "+name)
			continue
		}
		if cl.flags.Changed(flag) {
			continue
		}
		if err := setFlag(cl.flags, flag, value); err != nil {
			cl.fatal = append(cl.fatal, "environment variable "+name+": "+err.Error())
		}
	}
}

// environment is a list of NAME=value.
type environment []string

// lookup returns the value of a variable.
func (env environment) lookup(name string) (string, bool) {
	for _, variable := range env {
		if value, ok := strings.CutPrefix(variable, name+"="); ok {
			return value, true
		}
	}
	return "", false
}

// get returns the value of a variable, empty when there is none.
func (env environment) get(name string) string {
	value, _ := env.lookup(name)
	return value
}

// settingValue makes a setting a pflag.Value.
type settingValue struct {
	setting *config.Setting
	cfg     *config.Config
	text    string // the value as written
}

// Set stores a value in the configuration.
func (v *settingValue) Set(text string) error {
	if err := v.setting.Set(v.cfg, text); err != nil {
		return err
	}
	v.text = text
	return nil
}

// String returns the value as written.
func (v *settingValue) String() string { return v.text }

// Type returns the name of the setting's kind.
func (v *settingValue) Type() string { return v.setting.Kind.String() }

// boolValue is a boolean flag of the program, with the words for true and false that settings accept.
type boolValue bool

// Set reads a boolean.
func (v *boolValue) Set(text string) error {
	b, err := config.ParseBool(text)
	if err == nil {
		*v = boolValue(b)
	}
	return err
}

// String returns true or false.
func (v *boolValue) String() string { return fmt.Sprint(bool(*v)) }

// Type returns the name of the kind.
func (v *boolValue) Type() string { return config.Bool.String() }
