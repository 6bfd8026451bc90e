package models

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	modelscripts "hotline/scripts/models"
)

// buildTime bounds one build; the longest measured one takes 40 s, nearly all of
// it download.
const buildTime = 30 * time.Minute

// buildRoom is what a build needs beside the model itself: the tools (onnx,
// onnxruntime) and the packages that it unpacks.
const buildRoom = 700e6

// registry runs the build script; the model appears in work under its ID.
func (p *pull) registry(ctx context.Context, m Model, src Source, work string) error {
	if err := p.dead["registry"]; err != nil {
		return err
	}
	if err := room(work, 5*m.Bytes+buildRoom); err != nil {
		return err
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		p.dead["registry"] = fmt.Errorf("building models needs bash: %w", err)
		return p.dead["registry"]
	}
	script := p.Build
	if script == "" {
		if script, err = unpackScripts(filepath.Join(work, ".scripts")); err != nil {
			return fmt.Errorf("unpacking the build scripts: %w", err)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, buildTime, fmt.Errorf("the build took longer than %v", buildTime))
	defer cancel()
	cmd := exec.CommandContext(ctx, bash, script, work, src.Registry) //nolint:gosec // our own script, a name of the manifest
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // pip and python too
	cmd.WaitDelay = 5 * time.Second
	cmd.Stdin = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the build: %w", err)
	}
	said, last := "", []string{}
	lines := bufio.NewScanner(out)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if text, ok := strings.CutPrefix(line, m.ID+": "); ok {
			p.progress(Progress{ID: m.ID, Stage: StageBuild, Source: src.String(), Line: text})
		} else if text, ok := strings.CutPrefix(line, "build.sh: "); ok {
			said = text
		} else if line != "" { // the tools' own chatter, told only when the build fails
			last = append(last, line[:min(len(line), 300)])[max(0, len(last)-2):]
		}
	}
	err = cmd.Wait()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("building: %w", context.Cause(ctx))
	}
	if said == "" {
		said = strings.Join(last, " / ")
	}
	if strings.Contains(said, "no python3") || strings.Contains(said, "venv does not work") {
		p.dead["registry"] = errors.New(said)
	}
	return fmt.Errorf("building: %s (%w)", said, err)
}

// unpackScripts writes the embedded scripts to a folder and returns build.sh.
func unpackScripts(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // scripts are public
		return "", err
	}
	err := fs.WalkDir(modelscripts.Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := modelscripts.Files.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, path), text, 0o755) //nolint:gosec // scripts are run
	})
	return filepath.Join(dir, "build.sh"), err
}
