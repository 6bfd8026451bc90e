package sip_test

import (
	"flag"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

// aside are the tests that run beside others.
var aside sync.Map

// sideBySide lets a test run beside others, as those do that mostly wait: for sipp, a
// timer, a phone that is silent. Goroutines that it leaves behind are found at the end
// of all, in TestMain; those of the other tests after each (leakFree).
func sideBySide(t *testing.T) {
	t.Helper()
	aside.Store(t.Name(), nil)
	t.Parallel()
}

// leakFree fails the test when it leaves goroutines behind.
func leakFree(t *testing.T) {
	t.Helper()
	for name := t.Name(); name != ""; {
		if _, found := aside.Load(name); found {
			return
		}
		i := strings.LastIndexByte(name, '/')
		name = name[:max(i, 0)]
	}
	leaks := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, leaks) })
}

func TestMain(m *testing.M) {
	flag.Parse()
	// Those that wait need no processor.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 && flag.Lookup("test.fuzz").Value.String() == "" {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		code = 1
	}
	os.Exit(code)
}
