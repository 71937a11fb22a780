package config

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"dragonfly/server/cron"
)

// Setting declares one setting.
type Setting struct {
	Name    string // on the command line and in CONFIG, with underscores
	Kind    Kind   // how its value is written
	Default string // as it would be written
	Help    string // what it does, in half a sentence
	Status  Status
	Reason  string // why it has no effect, or which feature it waits for; empty when Live
	Access  Access // what CONFIG lets clients do with it

	field func(*Config) any  // pointer to where it lives; nil unless Live
	check func(string) error // values of the Kind that are refused nevertheless; nil accepts all
}

// Status says what this server makes of a setting.
type Status uint8

const (
	Live    Status = iota // takes effect
	Tuning                // tunes the inside of Dragonfly; accepted, without effect here
	Unbuilt               // belongs to a feature this server does not have; any value but the default is refused
	Retired               // means nothing in Dragonfly either; accepted, whatever its value
)

// Access says how CONFIG treats a setting.
type Access uint8

const (
	Hidden   Access = iota // CONFIG does not know it
	Readable               // CONFIG GET only
	Writable               // CONFIG GET and CONFIG SET
)

// Section is a group of settings under one heading.
type Section struct {
	Title    string
	Settings []Setting
}

// Sections returns the table of all settings in the order of the help text.
func Sections() []Section {
	return []Section{
		{"Server", serverSettings},
		{"Logging", loggingSettings},
		{"Snapshots", snapshotSettings},
		{"Memory", memorySettings},
		{"Connections", connectionSettings},
		{"Scripts", scriptSettings},
		{"Replication", replicationSettings},
		{"Cluster", clusterSettings},
		{"Search, JSON and filters", searchSettings},
		{"Tiered storage", tieredSettings},
		{"Threads and debugging", threadSettings},
		{"Retired", retiredSettings},
	}
}

// Lookup finds a setting by its exact name.
func Lookup(name string) (*Setting, bool) {
	for _, section := range Sections() {
		for i := range section.Settings {
			if section.Settings[i].Name == name {
				return &section.Settings[i], true
			}
		}
	}
	return nil, false
}

// Set reads text as a value of s and stores it in c. On an error, whose text says what would be accepted
// (and may be empty when the kind alone says it), c is unchanged.
func (s *Setting) Set(c *Config, text string) error {
	if s.Status == Retired {
		c.Inert[s.Name] = text
		return nil
	}
	v, err := s.Kind.parse(text)
	if err != nil {
		return err
	}
	if s.check != nil {
		if err := s.check(text); err != nil {
			return err
		}
	}
	if s.field == nil {
		c.Inert[s.Name] = text
		return nil
	}
	store(s.field(c), v)
	return nil
}

// Get returns the value of s in c as CONFIG GET prints it.
func (s *Setting) Get(c *Config) string {
	if s.field != nil {
		return s.Kind.format(load(s.field(c)))
	}
	text, given := c.Inert[s.Name]
	if !given {
		text = s.Default
	}
	v, err := s.Kind.parse(text)
	if err != nil {
		return text // only a retired setting may hold what its kind refuses
	}
	return s.Kind.format(v)
}

// IsDefault reports whether text means the default of s.
func (s *Setting) IsDefault(text string) bool {
	v, err := s.Kind.parse(text)
	d, _ := s.Kind.parse(s.Default)
	return err == nil && v == d
}

// store keeps a parsed value, which has one of the types Kind.parse returns, in a field of Config.
func store(field, v any) {
	switch p := field.(type) {
	case *bool:
		*p = v.(bool)
	case *int:
		*p = int(v.(int64))
	case *int64:
		*p = v.(int64)
	case *float64:
		*p = v.(float64)
	case *string:
		*p = v.(string)
	case *fs.FileMode:
		*p = fs.FileMode(v.(int64))
	case *CompressionMode:
		*p = CompressionMode(v.(int64))
	default:
		panic(fmt.Sprintf("config: no setting can live in a %T", field))
	}
}

// load is the inverse of store.
func load(field any) any {
	switch p := field.(type) {
	case *bool:
		return *p
	case *int:
		return int64(*p)
	case *int64:
		return *p
	case *float64:
		return *p
	case *string:
		return *p
	case *fs.FileMode:
		return int64(*p)
	case *CompressionMode:
		return int64(*p)
	default:
		panic(fmt.Sprintf("config: no setting can live in a %T", field))
	}
}

// between returns a check that a number lies in [low, high].
func between(low, high int64) func(string) error {
	return func(text string) error {
		if n, err := strconv.ParseInt(strings.TrimSpace(text), 0, 64); err != nil || n < low || n > high {
			return fmt.Errorf("must be from %d to %d", low, high)
		}
		return nil
	}
}

// Policies lists the values of maxmemory_policy, in the order of Redis.
func Policies() []string {
	return []string{"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
		"allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"}
}

// policy checks a maxmemory_policy.
func policy(text string) error {
	if !slices.Contains(Policies(), text) {
		return errors.New("must be one of " + strings.Join(Policies(), ", "))
	}
	return nil
}

// share checks a part of a whole.
func share(text string) error {
	if f, err := strconv.ParseFloat(strings.TrimSpace(text), 64); err != nil || f < 0 || f >= 1 {
		return errors.New("must be from 0 to less than 1")
	}
	return nil
}

// rdbVersion checks a version of RDB files that can be written; 0 leaves it open.
func rdbVersion(text string) error {
	switch strings.TrimSpace(text) {
	case "0", "9", "10", "11", "12":
		return nil
	}
	return errors.New("must be 9, 10, 11, 12, or 0 for the lowest that holds the data")
}

// eventClasses checks the letters of classes of keyspace events.
func eventClasses(text string) error {
	if strings.Trim(text, "KEg$lshzxetdmnA") != "" {
		return errors.New("must be letters of KEg$lshzxetdmnA")
	}
	return nil
}

// cronExpression checks the expression of a schedule.
func cronExpression(text string) error {
	_, err := cron.Parse(text)
	return err
}

// removedSchedule refuses every value of save_schedule.
func removedSchedule(text string) error {
	if text != "" {
		return Error("save_schedule flag is deprecated, please use snapshot_cron instead")
	}
	return nil
}
