package testdata

import (
	"os/exec"
	"syscall"
)

// Child has a program that a test is about to start end with the test's process, even
// when that is killed; all that the program starts is of a group of its own, which
// ends with cmd's ctx, if it has one.
func Child(cmd *exec.Cmd) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if cmd.Cancel != nil {
		cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	}
	return cmd
}
