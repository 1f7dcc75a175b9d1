package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed assets
var assets embed.FS

// Page is one HTML file.
type Page struct {
	Title string
	// Tool is the version of whyres, for the foot of the page.
	Tool       string
	Recordings []*Recording
	Lab        *Lab
}

// content is what the template shows.
type content struct {
	*Page
	Policy string
	Early  template.JS
	Style  template.CSS
	Code   []template.JS
	Data   template.JS
	Chart  chartLibrary
}

// Write writes the page. All that it needs is in it, and its policy forbids a
// browser to ask for anything else.
func (p *Page) Write(w io.Writer) error {
	t, err := template.New("page.html").Funcs(template.FuncMap{"id": sectionID}).ParseFS(assets, "assets/*.html")
	if err != nil {
		return err
	}
	c := content{Page: p, Chart: library()}
	style, err := assets.ReadFile("assets/page.css")
	if err != nil {
		return err
	}
	c.Style = template.CSS(style) //nolint:gosec // a file of the program
	code, err := readScripts(append([]string{"js/early.js", c.Chart.File}, scripts()...))
	if err != nil {
		return err
	}
	c.Early, c.Code = code[0], code[1:]
	if c.Data, err = p.data(); err != nil {
		return err
	}
	c.Policy = policy(c.Style, code)
	return t.Execute(w, c)
}

// scripts are the page's own, in the order in which they need each other.
func scripts() []string {
	return []string{
		"js/data.js", "js/format.js", "js/theme.js", "js/control.js", "js/view.js", "js/curves.js", "js/marks.js", "js/time.js",
		"js/ledger.js", "js/space.js", "js/tables.js", "js/over.js", "js/lab.js", "js/main.js",
	}
}

func readScripts(names []string) ([]template.JS, error) {
	out := make([]template.JS, len(names))
	for i, name := range names {
		code, err := assets.ReadFile("assets/" + name)
		if err != nil {
			return nil, err
		}
		out[i] = template.JS(code) //nolint:gosec // a file of the program
	}
	return out, nil
}

// data is the JSON that the charts are drawn from. encoding/json writes <, >, &,
// U+2028 and U+2029 as escapes: no text in it can end the element that it is in.
func (p *Page) data() (template.JS, error) {
	all := struct {
		Recordings []*data  `json:"recordings"`
		Lab        *labData `json:"lab"`
	}{Recordings: []*data{}}
	for _, r := range p.Recordings {
		all.Recordings = append(all.Recordings, &r.data)
	}
	if p.Lab != nil {
		all.Lab = &p.Lab.data
	}
	text, err := json.Marshal(all)
	return template.JS(text), err //nolint:gosec // escaped, see above
}

// policy allows the very scripts and the style of the page, and nothing else: no
// connection, no picture or font from elsewhere, no script that a text smuggles in.
func policy(style template.CSS, code []template.JS) string {
	hashes := make([]string, len(code))
	for i, c := range code {
		hashes[i] = hashSource(string(c))
	}
	return fmt.Sprintf("default-src 'none'; script-src %s; style-src %s; img-src data:; base-uri 'none'; form-action 'none'",
		strings.Join(hashes, " "), hashSource(string(style)))
}

func hashSource(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// sectionID is the id of a recording's section.
func sectionID(i int) string { return fmt.Sprintf("r%d", i) }
