// Command cgotarget holds still inside a C function, with a Go function, the C
// function, and libc below it on the stack. The addresses of functions of each
// kind are its output, for the symbolizer's test.
package main

/*
#include <stdio.h>
#include <unistd.h>
#include <stdint.h>

__attribute__((noinline)) void whyres_c_function(void) { pause(); }
static uintptr_t c_addr(void) { return (uintptr_t)whyres_c_function; }
static uintptr_t libc_addr(void) { return (uintptr_t)pause; }
*/
import "C"

import (
	"fmt"
	"os"
	"reflect"
)

//go:noinline
func goFunction() { fmt.Fprintln(os.Stderr) }

func main() {
	fmt.Printf(`{"go":%d,"c":%d,"libc":%d}`+"\n",
		reflect.ValueOf(goFunction).Pointer(), uint64(C.c_addr()), uint64(C.libc_addr()))
	var wait [1]byte
	_, _ = os.Stdin.Read(wait[:])
}
