package server

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dragonfly/server/reactor"
	"dragonfly/store/number"
	"dragonfly/store/resperr"
)

// clientClass is a class of clients with output limits of its own.
type clientClass uint8

const (
	classNormal clientClass = iota
	classReplica
	classPubSub
	classes = iota
)

// classNames are the names of the classes as CONFIG shows them.
var classNames = [classes]string{"normal", "slave", "pubsub"}

// classOf reads the name of a class as clients may write it; master is a class without members.
func classOf(name string) (class clientClass, known bool) {
	switch strings.ToLower(name) {
	case "normal":
		return classNormal, true
	case "slave", "replica":
		return classReplica, true
	case "pubsub":
		return classPubSub, true
	case "master":
		return classes, true
	}
	return 0, false
}

// outputLimits say how much unsent output a client may have: never hard bytes, soft bytes for softSecs at most.
type outputLimits struct{ hard, soft, softSecs int64 }

func defaultOutputLimits() [classes]outputLimits {
	return [classes]outputLimits{
		classReplica: {256 << 20, 64 << 20, 60},
		classPubSub:  {32 << 20, 8 << 20, 60},
	}
}

func formatOutputLimits(limits [classes]outputLimits) string {
	var parts []string
	for i, l := range limits {
		parts = append(parts, fmt.Sprintf("%s %d %d %d", classNames[i], l.hard, l.soft, l.softSecs))
	}
	return strings.Join(parts, " ")
}

// parseOutputLimits reads client-output-buffer-limit: groups of class, hard limit, soft limit and seconds. Classes
// that text does not name stay as they are in old, which is text in the form that is returned.
func parseOutputLimits(text, old string) (string, error) {
	limits, err := readOutputLimits(text, readFormatted(old))
	if err != nil {
		return "", err
	}
	return formatOutputLimits(limits), nil
}

// readFormatted reads what formatOutputLimits wrote.
func readFormatted(text string) [classes]outputLimits {
	limits, _ := readOutputLimits(text, [classes]outputLimits{})
	return limits
}

func readOutputLimits(text string, limits [classes]outputLimits) ([classes]outputLimits, error) {
	words := strings.Fields(text)
	if len(words)%4 != 0 {
		return limits, resperr.Error("Wrong number of arguments in buffer limit configuration.")
	}
	for ; len(words) > 0; words = words[4:] {
		class, known := classOf(words[0])
		if !known || class == classes {
			return limits, resperr.Error("Invalid client class specified in buffer limit configuration.")
		}
		hard, ok1 := parseMemory(words[1])
		soft, ok2 := parseMemory(words[2])
		secs, ok3 := number.ParseInt([]byte(words[3]))
		if !ok1 || !ok2 || !ok3 || secs < 0 {
			return limits, resperr.Error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
		}
		limits[class] = outputLimits{hard, soft, secs}
	}
	return limits, nil
}

// applyOutputLimits gives all clients their new limits.
func applyOutputLimits(s *Server, text string) error {
	s.params.mu.Lock()
	s.params.output = readFormatted(text)
	s.params.mu.Unlock()
	for _, cl := range s.clients.all() {
		cl.conn.Post(func(*reactor.Conn) { s.limitOutput(cl) })
	}
	return nil
}

// strangerOutput is how many bytes of output a client may leave unread that has not authenticated.
const strangerOutput = 1024

// limitOutput gives a client the output limits of its class. It is called on the loop of the client, when it
// connects, authenticates, and when its class changes.
func (s *Server) limitOutput(cl *client) {
	l := s.params.outputLimits(cl.class())
	if !cl.Authed {
		l = outputLimits{hard: strangerOutput}
	}
	cl.conn.SetOutputLimits(l.hard, l.soft, time.Duration(l.softSecs)*time.Second)
}

// parseSavePoints reads save: pairs of seconds and changes, or nothing.
func parseSavePoints(text, _ string) (string, error) {
	const wrong = resperr.Error("Invalid save parameters")
	if text == "" {
		return "", nil
	}
	words := strings.Split(text, " ")
	if len(words)%2 != 0 {
		return "", wrong
	}
	for i, w := range words {
		n, ok := number.ParseInt([]byte(w))
		if !ok || n < int64(1-i%2) {
			return "", wrong
		}
	}
	return text, nil
}

// parseEvents reads notify-keyspace-events and puts its letters into the order of Redis: A stands for all classes
// but m and n.
func parseEvents(text, _ string) (string, error) {
	const all, ends = allEvents, "KEm"
	has := map[rune]bool{}
	for _, c := range text {
		switch {
		case c == 'A':
			for _, c := range all {
				has[c] = true
			}
		case strings.ContainsRune(all+ends+"n", c):
			has[c] = true
		default:
			return "", resperr.Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
		}
	}
	out := "A"
	for _, c := range all {
		if !has[c] {
			out = ""
		}
	}
	order := ends
	if out == "" {
		order = all + "n" + ends
	} else if has['n'] {
		order = ends + "n" // Redis forgets to show it here
	}
	for _, c := range order {
		if has[c] {
			out += string(c)
		}
	}
	return out, nil
}

// parsePercentiles reads latency-tracking-info-percentiles.
func parsePercentiles(text, _ string) (string, error) {
	words := strings.Fields(text)
	for i, w := range words {
		f, ok := number.ParseFloat([]byte(w))
		if !ok {
			return "", resperr.Error("Invalid latency-tracking-info-percentiles parameters")
		}
		if f < 0 || f > 100 {
			return "", resperr.Error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
		}
		words[i] = trimmedFloat(f)
	}
	return strings.Join(words, " "), nil
}

// trimmedFloat writes a number with at most six decimals.
func trimmedFloat(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(f, 'f', 6, 64), "0"), ".")
}

// parseOOMValues reads oom-score-adj-values.
func parseOOMValues(text, _ string) (string, error) {
	words := strings.Fields(text)
	if len(words) != 3 {
		return "", resperr.Error("wrong number of arguments")
	}
	for _, w := range words {
		n, ok := number.ParseInt([]byte(w))
		if !ok || n < -2000 || n > 2000 {
			return "", resperr.Error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
		}
	}
	return strings.Join(words, " "), nil
}

// parseTitle reads proc-title-template: text with variables in braces.
func parseTitle(text, _ string) (string, error) {
	const wrong = resperr.Error("template format is invalid or contains unknown variables")
	for rest := text; ; {
		_, after, found := strings.Cut(rest, "{")
		if !found {
			return text, nil
		}
		name, after, closed := strings.Cut(after, "}")
		switch name {
		case "title", "listen-addr", "server-mode", "port", "tls-port", "unixsocket", "config-file":
		default:
			closed = false
		}
		if !closed {
			return "", wrong
		}
		rest = after
	}
}

// parseShutdown reads shutdown-on-sigint and its sibling.
func parseShutdown(text, _ string) (string, error) {
	q := param{kind: kindEnums, words: []string{"default", "save", "nosave", "now", "force"}}
	value, err := q.enum(text)
	if err != nil {
		return "", err
	}
	if strings.Contains(" "+value+" ", " save ") && strings.Contains(value, "nosave") {
		return "", resperr.Error("shutdown options SAVE and NOSAVE can't be used simultaneously")
	}
	return value, nil
}

// parseHZ reads hz, which is cut to what is sensible.
func parseHZ(text, _ string) (string, error) {
	n, ok := number.ParseInt([]byte(text))
	if !ok {
		return "", resperr.Error("argument couldn't be parsed into an integer")
	}
	if n < 0 || n > maxInt32 {
		return "", resperr.Error(fmt.Sprintf("argument must be between 0 and %d inclusive", maxInt32))
	}
	return strconv.FormatInt(min(max(n, 1), 500), 10), nil
}
