// Package layout knows where the fields of the Go runtime's own variables lie:
// from a table, for the releases that it holds, or from a binary's DWARF. The
// generator in gen makes the table by compiling a tiny program with each
// toolchain and reading its DWARF with the code of this package.
//
// It is pure: it reads what it is handed (a debug/elf file, the embedded
// table), opens nothing and imports only the standard library's debug and text
// packages. An ELF file is hostile input: sizes are bounded, and the panics
// that debug/dwarf may raise on damaged data are turned into errors here.
package layout
