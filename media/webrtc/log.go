package webrtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// loggers hand what pion has to say to slog. All of it is for debugging: what pion
// calls an error is mostly a packet of a stranger, or a browser that is gone.
type loggers struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (l loggers) NewLogger(scope string) logging.LeveledLogger {
	return logger{l.log.With("part", "webrtc/"+scope)}
}

type logger struct{ log *slog.Logger }

func (l logger) say(text func() string) {
	if ctx := context.Background(); l.log.Enabled(ctx, slog.LevelDebug) {
		l.log.DebugContext(ctx, "pion", "text", text())
	}
}

func (l logger) plain(text string) { l.say(func() string { return text }) }

func (l logger) format(format string, args []any) {
	l.say(func() string { return fmt.Sprintf(format, args...) })
}

// pion's traces are a line for each packet: they are dropped.

func (l logger) Trace(string)                   {}
func (l logger) Tracef(string, ...any)          {}
func (l logger) Debug(msg string)               { l.plain(msg) }
func (l logger) Debugf(format string, a ...any) { l.format(format, a) }
func (l logger) Info(msg string)                { l.plain(msg) }
func (l logger) Infof(format string, a ...any)  { l.format(format, a) }
func (l logger) Warn(msg string)                { l.plain(msg) }
func (l logger) Warnf(format string, a ...any)  { l.format(format, a) }
func (l logger) Error(msg string)               { l.plain(msg) }
func (l logger) Errorf(format string, a ...any) { l.format(format, a) }
