// Package report makes one HTML page of recordings and of a lab: charts, tables
// and the verdict's sentences in a file that needs nothing else and asks for
// nothing. Frames come in, a page goes out to an io.Writer: the package opens no
// file and reads no clock.
//
// What a chart cannot tell apart is thinned out before it goes into the page, and
// the page says so: of a line the least and the greatest value stay, of calls the
// sums. The tables come from the verdict, which counts everything.
package report
