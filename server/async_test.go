package server

import "testing"

// TestAsyncSilent: a command that answers later answers nothing either when the client wants no replies.
func TestAsyncSilent(t *testing.T) {
	w := dial(t, newServer(t, nil))
	w.send("CLIENT REPLY OFF")
	w.send("SAVE")
	w.send("DEBUG SLEEP 0.001")
	w.send("CLIENT REPLY ON")
	if got := w.read(); got != "+OK" {
		t.Errorf("CLIENT REPLY ON: %s", got)
	}
	w.send("CLIENT REPLY SKIP")
	w.send("SAVE")
	if got := w.do("ECHO next"); got != "$next" {
		t.Errorf("ECHO: %s", got)
	}
	if got := w.do("SAVE"); got != "+OK" {
		t.Errorf("SAVE: %s", got)
	}
	if got := w.do("ECHO last"); got != "$last" {
		t.Errorf("ECHO: %s", got)
	}
}
