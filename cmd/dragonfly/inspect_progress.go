package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"dragonfly/server/inspect"
)

// terminalWidth returns the columns of a terminal, 0 if w is none.
func terminalWidth(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	if size.Col == 0 {
		return 80
	}
	return int(size.Col)
}

// How often the bar is drawn, and after how long the first time: what is quickly done needs none.
const (
	barInterval = 200 * time.Millisecond
	barDelay    = 500 * time.Millisecond
)

// progressBar is one line of a terminal that is drawn again and again.
type progressBar struct {
	w     io.Writer
	width int
	path  string
	start time.Time
	drawn time.Time
}

// show draws the line if it is time for it.
func (b *progressBar) show(p inspect.Progress) {
	now := time.Now()
	if now.Sub(b.start) < barDelay || now.Sub(b.drawn) < barInterval {
		return
	}
	b.drawn = now
	fmt.Fprintf(b.w, "\r\x1b[K%.*s", b.width-1, barText(b.path, p, now.Sub(b.start)))
}

// barText returns the line.
func barText(path string, p inspect.Progress, elapsed time.Duration) string {
	seconds := elapsed.Seconds()
	text := fmt.Sprintf("%.0f MB/s, %d keys", float64(p.Done)/1e6/seconds, p.Keys)
	if p.Done > 0 && p.Total >= p.Done {
		left := time.Duration(seconds * float64(p.Total-p.Done) / float64(p.Done) * float64(time.Second))
		text = fmt.Sprintf("%3d %%, %s, %s left", 100*p.Done/p.Total, text, left.Round(time.Second))
	}
	return text + ", " + path
}

// clear removes the line.
func (b *progressBar) clear() {
	if !b.drawn.IsZero() {
		fmt.Fprint(b.w, "\r\x1b[K")
	}
}
