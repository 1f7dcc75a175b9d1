// Package culprit builds and runs the culprits of testdata/culprits: small
// programs that each hold a known number of bytes for one cause. The tests run
// them, and make culprit for people who want to see one.
//
// A culprit is a folder with main.go, which any Go release that it names can
// compile by itself, and culprit.json, which Culprit describes. The program waits
// for a line on its standard input, makes its memory, prints one line of JSON,
// {"made": bytes}, and holds the memory until its input ends. A mixed one adds
// "parts": {"cause-id": bytes, ...}, which sum to what it made.
package culprit
