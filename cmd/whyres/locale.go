package main

import "strings"

// utf8Locale reports whether the terminal understands UTF-8, as the first
// locale variable that is set says (POSIX, 8.2). sudo and containers often
// pass none on: then it is assumed, since nearly all terminals do.
func utf8Locale(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := getenv(name); value != "" {
			value = strings.ToLower(value)
			return value != "c" && value != "posix" || strings.Contains(value, "utf")
		}
	}
	return true
}
