package lualib

import (
	"strings"
	"testing"
)

func BenchmarkCompileLong(b *testing.B) {
	src := "return {" + strings.Repeat("1,", 1000000) + "1}"
	for b.Loop() {
		if _, err := Compile(src, "@s"); err != nil {
			b.Fatal(err)
		}
	}
}
