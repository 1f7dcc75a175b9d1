// Package probetest is what tests of whyres probe share: the table of what kernels
// were measured to do, and the lock under which system settings are changed. Only
// tests import it.
package probetest
