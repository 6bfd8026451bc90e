package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"hotline/internal/softphone"
	"hotline/media"
	"hotline/media/wav"
	"hotline/sip"
)

func newCall(s *settings) *cobra.Command {
	var f struct {
		play, record, dtmf, from, auth, bind string
		script, voice                        string
		duration                             time.Duration
		asJSON, tcp                          bool
	}
	var p placing
	cmd := &cobra.Command{
		Use:   "call NUMBER|agent:NAME|sip:URI",
		Short: "Call somebody: by the running server, or a SIP address like a softphone",
		Long: `A number or agent:NAME is called by the running server, through its trunks or to
the agent's registered telephone: the bot talks, or, with --agent-first, an agent
whose telephone rings before. The server is that of the settings; its token comes
from HOTLINE_API_TOKEN.

A SIP address is rung by this program itself, like a softphone: it plays a WAV file
into the call, presses keys and records what is heard. --dtmf is a list of pauses
and keys: "3s 12#" presses 1, 2 and # three seconds after the answer; a further
"2s 0" counts from there.

--script is a conversation in YAML, a list of turns. Each is said when the far end
has finished, and the call ends when it has answered the last one:

  - say: Can you track my package?      # in the caller's --voice
  - say: one oh oh four [700ms] eight eight one seven
  - keys: "8817#"
  - play: question.wav                  # beside the script
    over: 1.5s                          # so long after the answer has begun
  - wait: 8s                            # says nothing

With --script - turns are read from standard input, a line with a list of them each
time that {"event": "finished"} is printed, until it ends.`,
		Example: `  hotline call 13800138000 --line mandarin --wait
  hotline call 13800138000 --agent-first agent1
  hotline call agent:agent1 --say "It is time for the meeting."
  hotline call sip:8000@127.0.0.1 --play question.wav --record heard.wav --duration 10s
  hotline call sip:8000@127.0.0.1 --dtmf "3s 0" --duration 20s --json
  hotline call sip:8001@127.0.0.1 --script track.yaml --record heard.wav`,
		Args: exactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			uri := args[0]
			if isPlaced(uri) {
				c, err := s.load()
				if err != nil {
					return err
				}
				p.asJSON = f.asJSON
				if cmd.Flags().Changed("from") {
					p.from = f.from
				}
				return p.run(cmd.Context(), c, uri, cmd.OutOrStdout())
			}
			keys, err := parseKeys(f.dtmf)
			if err != nil {
				return usageError{err}
			}
			r := softphone.Request{URI: uri, From: f.from, Duration: f.duration, Keys: keys, PlayAfter: 200 * time.Millisecond}
			if user, password, ok := strings.Cut(f.auth, ":"); ok {
				r.Auth = &sip.Credentials{User: user, Password: password}
			}
			if f.play != "" {
				a, err := wav.ReadFile(f.play)
				if err != nil {
					return err
				}
				r.Play, r.PlayRate = a.Mono(), a.Rate
			}
			c, err := s.load()
			if err != nil {
				return err
			}
			var tape softphone.Tape
			if f.record != "" {
				r.Heard = tape.Take
			}
			if f.script != "" {
				actor, done, err := openScript(cmd.Context(), c, f.script, f.voice, cmd.InOrStdin(), cmd.OutOrStdout())
				if err != nil {
					return err
				}
				defer done()
				r.Heard = func(f media.Frame) {
					actor.Hear(f)
					tape.Take(f)
				}
				r.Talk = actor.Talk
			}
			conf := softphone.Config{Log: logger(c.Log, cmd.ErrOrStderr())}
			if conf.TLS, err = callTLS(c); err != nil {
				return err
			}
			if f.tcp {
				conf.Transport = "tcp"
			}
			if f.bind != "" {
				if conf.Bind, err = netip.ParseAddr(f.bind); err != nil {
					return usageError{err}
				}
			}
			if f.bind == "" && strings.Contains(uri, "@[") {
				conf.Bind = netip.IPv6Loopback()
			}
			report, err := ring(cmd.Context(), conf, r)
			if err != nil {
				return err
			}
			if f.record != "" {
				if err := tape.WriteFile(f.record); err != nil {
					return err
				}
			}
			if f.asJSON {
				err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			} else {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), describe(report))
			}
			if err == nil && !report.Answered {
				return errSilent
			}
			return err
		},
	}
	fl := cmd.Flags()
	fl.StringVar(&f.play, "play", "", "WAV file to speak")
	fl.StringVar(&f.script, "script", "", "YAML file with what the caller says and presses, turn by turn")
	fl.StringVar(&f.voice, "voice", "", "MODEL or MODEL/SPEAKER for what the script says (default the best that is installed)")
	fl.StringVar(&f.record, "record", "", "WAV file for what is heard")
	fl.StringVar(&f.dtmf, "dtmf", "", `keys to press, with pauses: "3s 12#"`)
	fl.DurationVar(&f.duration, "duration", 0, "hang up after so long (default: when the far end does, or when the file was played)")
	fl.StringVar(&f.from, "from", "hotline-call", "caller number to show")
	fl.StringVar(&f.auth, "auth", "", "USER:PASSWORD for a server that asks for it")
	fl.StringVar(&f.bind, "bind", "", "own address (default 127.0.0.1, or ::1 for an IPv6 target; name the one that the far end can reach)")
	fl.BoolVar(&f.tcp, "tcp", false, "signal over TCP")
	p.flags(cmd)
	cmd.MarkFlagsMutuallyExclusive("script", "play")
	cmd.MarkFlagsMutuallyExclusive("script", "dtmf")
	fl.BoolVar(&f.asJSON, "json", false, "print the report as JSON")
	return cmd
}

// ring runs a phone for one call.
func ring(ctx context.Context, c softphone.Config, r softphone.Request) (rep softphone.Report, err error) {
	phone, err := softphone.New(c)
	if err != nil {
		return rep, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- phone.Run(ctx) }()
	select {
	case <-phone.Ready():
	case err := <-done:
		return rep, err
	}
	rep, err = phone.Call(ctx, r)
	cancel()
	return rep, errors.Join(err, <-done)
}

func describe(r softphone.Report) string {
	if !r.Answered {
		return fmt.Sprintf("not answered: status %d", r.Status)
	}
	return fmt.Sprintf("answered after %.0f ms, first sound after %.0f ms; %.1f s, %.1f s of them audible at %.0f dB; %d packets, %d lost; ended: %s",
		r.AnswerMS, r.FirstMS, r.Seconds, r.Audible, r.LevelDB, r.Received, r.Lost, r.Ended)
}

// parseKeys reads "3s 12# 500ms 0".
func parseKeys(text string) ([]softphone.Press, error) {
	var out []softphone.Press
	var at time.Duration
	for word := range strings.FieldsSeq(text) {
		if strings.Trim(word, "0123456789*#ABCDabcd") == "" {
			out = append(out, softphone.Press{At: at, Keys: word})
			continue
		}
		d, err := time.ParseDuration(word)
		if err != nil {
			return nil, fmt.Errorf("--dtmf: %q is neither keys nor a pause such as 3s", word)
		}
		at += d
	}
	return out, nil
}
