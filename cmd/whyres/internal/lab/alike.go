package lab

// Alike reports that two values of a field differ by no more than chance: see
// differ. Of what is not known nothing is.
func Alike(f Field, a, b Spread) bool { return a.N > 0 && b.N > 0 && differ(f.Unit(), a, b) == 0 }
