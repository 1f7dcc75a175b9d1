package kernel

import (
	"bytes"
	"os"
	"testing"

	"whyres/collector/mem"
)

func BenchmarkLight(b *testing.B) {
	p := openSelf(b, Options{})
	for b.Loop() {
		if _, err := p.Light(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFull(b *testing.B) {
	p := openSelf(b, Options{})
	touch(b, 64<<20)
	for b.Loop() {
		var s mem.Sample
		if err := p.Full(&s); err != nil {
			b.Fatal(err)
		}
	}
}

// Ten thousand mappings, the parsing alone.
func BenchmarkParseSmaps10k(b *testing.B) {
	one, err := os.ReadFile("testdata/proc/4242/smaps")
	if err != nil {
		b.Fatal(err)
	}
	text := bytes.Repeat(one, 10_000/12)
	for b.Loop() {
		if _, err := parseSmaps(bytes.NewReader(text), DefaultMaxVMAs); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResident64MiB(b *testing.B) {
	for name, opts := range map[string]Options{"scan": {}, "reads": {PagemapReads: true}} {
		b.Run(name, func(b *testing.B) {
			p := openSelf(b, opts)
			data, at := region(b, 64<<20)
			for i := 0; i < len(data); i += 4096 {
				data[i] = 1
			}
			for b.Loop() {
				if err := p.Resident([]mem.Range{at}, func(mem.Range) {}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
