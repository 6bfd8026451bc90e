// Command hotline answers a company's telephone.
//
// Each subcommand has a file of its own. This package is the only place that
// wires the parts together.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"hotline/internal/config"
)

// Exit codes: what was asked for did not hold or failed; the command was used
// wrongly.
const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), endSignals()...)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// endSignals end a command politely. The end of its terminal is one of them where it has
// a terminal; elsewhere SIGHUP asks servers to read their files again, see hangUps.
func endSignals() []os.Signal {
	s := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if onTerminal() && !signal.Ignored(syscall.SIGHUP) {
		s = append(s, syscall.SIGHUP)
	}
	return s
}

// onTerminal tells whether the program has a terminal, which may be closed.
func onTerminal() bool {
	tty, err := os.Open("/dev/tty")
	return err == nil && tty.Close() == nil
}

// errSilent is a failure that has been told already.
var errSilent = errors.New("told already")

// usageError is a wrong use of the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func run(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	root := newRoot() //nolint:contextcheck // commands take their ctx from cobra
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var wrong *config.Error
	switch {
	case err == nil:
		return 0
	case errors.As(err, &wrong) && len(wrong.Problems) > 1:
		_, _ = fmt.Fprintln(errOut, "hotline: the settings are wrong in several places:")
		for _, p := range wrong.Problems {
			_, _ = fmt.Fprintln(errOut, "  "+strings.Join(strings.Fields(p), " "))
		}
		return exitFailed
	case errors.Is(err, errSilent):
		return exitFailed
	case errors.As(err, &usage) || strings.HasPrefix(err.Error(), "unknown command"):
		_, _ = fmt.Fprintf(errOut, "hotline: %s (see hotline help)\n", oneLine(err))
		return exitUsage
	default:
		_, _ = fmt.Fprintf(errOut, "hotline: %s\n", oneLine(err))
		return exitFailed
	}
}

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

func newRoot() *cobra.Command {
	s := &settings{}
	root := &cobra.Command{
		Use:   "hotline",
		Short: "Answers a company's telephone: speech in, speech out, a person when one is needed",
		Long: `hotline answers a company's telephone and makes its calls: SIP and RTP come in,
speech is recognised, a dialogue with knowledge decides, speech goes out; when a
person is needed, the call goes to an agent's phone.

Settings come from hotline.yaml and, over it, from the environment: each key as
HOTLINE_SECTION_KEY. A business is a folder (business.yaml, knowledge/, …).`,
		SilenceErrors: true, SilenceUsage: true,
		Version: buildVersion(),
	}
	root.SetVersionTemplate("hotline {{.Version}}\n")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	f := root.PersistentFlags()
	f.StringVar(&s.file, "config", "", "settings file (default hotline.yaml, if there is one)")
	f.StringArrayVar(&s.business, "business", nil, "folder of a business; may be given several times")
	f.StringVar(&s.data, "data", "", "folder for the database, recordings and keys (default ./data)")
	root.AddCommand(
		newServe(s), newInit(), newCheck(s), newDoctor(s), newChat(s), newSpeech(s), newSay(s), newHear(s), newCall(s),
		newModels(s), newImport(), newEval(s), newFlow(s), newKnowledge(s), newCampaign(s), newUser(s), newToken(s),
		newKey(s), newAudit(s), newCaller(s), newBackup(s), newRestore(s), newVersion(),
	)
	root.CompletionOptions.HiddenDefaultCmd = true
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Which hotline this is", Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "hotline %s (%s %s/%s)\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// settings are the flags that every subcommand has.
type settings struct {
	file     string
	business []string
	data     string
}

// load reads the configuration: file, environment, flags.
func (s *settings) load() (config.Config, error) {
	c, err := config.Load(s.file, os.Environ())
	if err != nil {
		return c, err
	}
	if len(s.business) > 0 {
		c.Business = s.business
	}
	if s.data != "" {
		c.Data.Dir = s.data
	}
	return c, nil
}

// logger writes to w as the configuration says.
func logger(c config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Level)); err != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o))
	}
	return slog.New(slog.NewTextHandler(w, o))
}

// exactArgs is cobra's, with a wrong number being a wrong use.
func exactArgs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := cobra.ExactArgs(n)(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}

// discard is the logger of commands that report in their own way.
func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }
