// Package doctor tells what a host, and a process, let whyres see, and what to do
// about what they do not. It changes no setting and writes nothing.
//
// One file is one matter, one function one check. The checks read below the
// roots that a Host gives, so that fixtures can stand in for the kernel's files;
// what can only be tried is behind the functions of Tries, which Live makes. How
// a finding is shown is the timeline's business.
package doctor
