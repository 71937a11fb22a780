package luac

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestManyConstants: a chunk for which the code generator would search for minutes is refused at once.
func TestManyConstants(t *testing.T) {
	var b strings.Builder
	b.WriteString("local a")
	for i := range 20000 {
		fmt.Fprintf(&b, " a=%d", i)
	}
	few := b.String()
	many := few + strings.Repeat(" a=19999", 100_000)
	started := time.Now()
	_, err := Compile(many, "=x", &Hooks{})
	if err == nil || err.Error() != "x:1: constant table overflow" {
		t.Error(err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Error(took)
	}
	if _, err := Compile("return {1, 2, 'x', 1.5, 'x', 1}", "=x", &Hooks{}); err != nil {
		t.Error(err)
	}
}
