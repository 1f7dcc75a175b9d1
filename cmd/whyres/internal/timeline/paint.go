package timeline

import (
	"strings"

	"github.com/fatih/color"
)

// piece is a part of a line and what it means.
type piece struct {
	tone tone
	text string
}

// painter turns pieces into bytes: colours or none, UTF-8 or ASCII.
type painter struct {
	ascii bool
	tones map[tone]*color.Color
}

// newPainter makes a painter. Each color is switched by itself: the library's
// global looks at this process's stdout, which may not be where the lines go.
func newPainter(o Options) painter {
	p := painter{ascii: o.ASCII, tones: make(map[tone]*color.Color)}
	if !o.Color {
		return p
	}
	for t, attributes := range map[tone][]color.Attribute{
		toneDim:     {color.Faint},
		toneGrow:    {color.FgYellow},
		toneReturn:  {color.FgGreen},
		toneGC:      {color.FgCyan},
		toneBack:    {color.FgMagenta},
		toneTrouble: {color.FgRed, color.Bold},
		toneProcess: {color.FgBlue, color.Bold},
		toneHead:    {color.Bold},
	} {
		p.tones[t] = color.New(attributes...)
		p.tones[t].EnableColor()
	}
	return p
}

// line joins pieces into one line, with no space at its end.
func (p painter) line(pieces []piece) string {
	for len(pieces) > 0 {
		last := &pieces[len(pieces)-1]
		if last.text = strings.TrimRight(last.text, " "); last.text != "" {
			break
		}
		pieces = pieces[:len(pieces)-1]
	}
	var b strings.Builder
	for _, part := range pieces {
		b.WriteString(p.paint(part))
	}
	return b.String()
}

// paint colours the text, but not the spaces before it.
func (p painter) paint(part piece) string {
	text := strings.ReplaceAll(part.text, glue, " ")
	if p.ascii {
		text = toASCII(text)
	}
	c := p.tones[part.tone]
	body := strings.TrimLeft(text, " ")
	if c == nil || body == "" {
		return text
	}
	return text[:len(text)-len(body)] + c.Sprint(body)
}

// toASCII replaces the signs that whyres uses, each by one column, and any
// other rune by a question mark.
func toASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 {
			return r
		}
		return asciiOf(r)
	}, s)
}

func asciiOf(r rune) rune {
	switch r {
	case '▲':
		return '^'
	case '▼', '▽':
		return 'v'
	case '●':
		return '*'
	case '↺':
		return '@'
	case '⇢', '≥':
		return '>'
	case '■', '█':
		return '#'
	case '·', '–', '─':
		return '-'
	case '×', '✘':
		return 'x'
	case '✔':
		return '+'
	case '⧖':
		return '%'
	case '…', '±':
		return '~'
	case '│', '├':
		return '|'
	case '└':
		return '`'
	case 'µ':
		return 'u'
	}
	return '?'
}

func (s sign) String() string {
	switch s {
	case signUp:
		return "▲"
	case signDown:
		return "▼"
	case signLazy:
		return "▽"
	case signGC:
		return "●"
	case signBack:
		return "↺"
	case signTrouble:
		return "!"
	case signProcess:
		return "⇢"
	case signEnd:
		return "■"
	case signUnseen:
		return "?"
	case signWait:
		return "⧖"
	case signHeld:
		return "✔"
	case signMissed:
		return "✘"
	}
	return "·"
}
