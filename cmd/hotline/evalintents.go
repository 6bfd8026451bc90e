package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"hotline/dialog/intent"
	"hotline/internal/config"
	"hotline/internal/speech"
)

func newEvalIntents(s *settings) *cobra.Command {
	var train, test, label string
	var asJSON, wordsOnly bool
	cmd := &cobra.Command{
		Use:   "intents --train a.csv --test b.csv",
		Short: "Train the recogniser of intents on one file and measure it on another",
		Long: `Trains the recogniser of intents on a CSV file with the columns text and intent, and
measures it on another. A column topic beside the training texts' intents helps to tell
them apart. Texts whose intent is "oos" are out of scope: a text of the other intents is
right when its intent is found and it is not taken for out of scope.
train_s includes the embedding of the training texts, ms_per_text that of the text; the
times are those of the clock, cpu_s is the processor's for all of it. Vectors of training
texts are kept in the data folder (vectors), so that a second run need not make them.`,
		Args: exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if train == "" || test == "" {
				return usageError{errors.New("eval intents needs --train a.csv and --test b.csv with the columns text and intent")}
			}
			c, err := s.load()
			if err != nil {
				return err
			}
			report, err := evalIntents(cmd.Context(), c, train, test, label, wordsOnly)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(report)
			}
			return report.print(cmd)
		},
	}
	cmd.Flags().StringVar(&train, "train", "", "CSV to learn from")
	cmd.Flags().StringVar(&test, "test", "", "CSV to measure on")
	cmd.Flags().StringVar(&label, "label", "intent", "column with the name of what a text wants")
	cmd.Flags().BoolVar(&wordsOnly, "words-only", false, "do without an embedding model")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

type evalIntentsReport struct {
	InScope   float64  `json:"in_scope_accuracy"`
	OOSRecall *float64 `json:"oos_recall"` // null where the test has none out of scope
	Accuracy  float64  `json:"accuracy"`
	TrainS    float64  `json:"train_s"`
	CPUS      float64  `json:"cpu_s"` // user time of the process, embedding included
	MsPerText float64  `json:"ms_per_text"`
}

func (r evalIntentsReport) print(cmd *cobra.Command) error {
	_, err := fmt.Fprintf(cmd.OutOrStdout(), "in scope %.2f %%\n", 100*r.InScope)
	if r.OOSRecall != nil {
		_, _ = fmt.Fprintf(cmd.OutOrStdout(), "out of scope found %.2f %%\n", 100**r.OOSRecall)
	}
	_, _ = fmt.Fprintf(cmd.OutOrStdout(), "all %.2f %%\ntraining %.1f s, %.2f ms a text, %.1f s of processor\n", 100*r.Accuracy, r.TrainS, r.MsPerText, r.CPUS)
	return err
}

func readExamples(path, label string) ([]intent.Example, error) {
	f, err := os.Open(filepath.Clean(path))
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	list, err := intent.Read(f, label)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%s holds no examples", path)
	}
	return list, nil
}

// intentMeaning is the embedder for texts of a language; nil where none is installed
// or it cannot be loaded. close frees it.
func intentMeaning(ctx context.Context, c config.Config, language string) (e intent.Embedder, closeIt func(), err error) {
	best, ok := intentsModel(c, language)
	if !ok {
		return nil, func() {}, nil
	}
	m, err := speech.Local(1, 1).Embed(ctx, best.ID, best.Dir)
	if err != nil {
		return nil, nil, err
	}
	return m, func() {
		if c, ok := m.(io.Closer); ok {
			_ = c.Close()
		}
	}, nil
}

// processorTime is what the process has used of it so far, seconds.
func processorTime() float64 {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano()).Seconds()
}

func evalIntents(ctx context.Context, c config.Config, train, test, label string, wordsOnly bool) (r evalIntentsReport, err error) {
	in, err := readExamples(train, label)
	if err != nil {
		return r, err
	}
	on, err := readExamples(test, label)
	if err != nil {
		return r, err
	}
	began := time.Now()
	var o intent.Options
	if !wordsOnly {
		e, closeIt, err := intentMeaning(ctx, c, intent.Language(in))
		if err != nil {
			return r, fmt.Errorf("loading the embedding model (--words-only does without): %w", err)
		}
		defer closeIt()
		if e != nil {
			kept := keepVectors(c, "eval-intents", intent.Language(in), e)
			defer func() { _ = kept.Close() }() // it is made anew where it is not whole
			o.Embedder = kept
		}
	}
	m, err := intent.Train(ctx, in, o)
	if err != nil {
		return r, err
	}
	r.TrainS = time.Since(began).Seconds()
	began = time.Now()
	var inside, right, outside, found int
	for _, x := range on {
		got := m.Classify(ctx, x.Text)
		if x.Intent == intent.OutOfScope {
			outside++
			if got.OutOfScope {
				found++
			}
			continue
		}
		inside++
		if !got.OutOfScope && got.Intent == x.Intent {
			right++
		}
	}
	if ctx.Err() != nil {
		return r, context.Cause(ctx)
	}
	r.MsPerText = float64(time.Since(began).Microseconds()) / 1000 / float64(len(on))
	if inside > 0 {
		r.InScope = float64(right) / float64(inside)
	}
	if outside > 0 {
		share := float64(found) / float64(outside)
		r.OOSRecall = &share
	}
	r.Accuracy = float64(right+found) / float64(len(on))
	r.CPUS = processorTime()
	return r, nil
}
