package main

import (
	"path/filepath"

	"github.com/spf13/cobra"

	"hotline/internal/config"
	"hotline/internal/models"
	"hotline/internal/speech"
)

func newSpeech(s *settings) *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "speech",
		Short: "Run a speech worker: a server with OpenAI's audio API over the installed models",
		Long: `Runs a speech worker. serve starts one of its own as a child; start more of them
on other machines and name them in speech.urls to share the load.`,
		Example: "  hotline speech --listen 127.0.0.1:8090\n  hotline speech --listen unix:/run/hotline/speech.sock",
		Args:    exactArgs(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := s.load()
			if err != nil {
				return err
			}
			if listen == "" {
				listen = "unix:" + filepath.Join(c.Data.Dir, "speech.sock")
			}
			ln, err := speech.Listen(cmd.Context(), listen)
			if err != nil {
				return err
			}
			return newWorker(c, cmd).Run(cmd.Context(), ln)
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "", "unix:PATH or HOST:PORT (default a socket in the data folder)")
	return cmd
}

func newWorker(c config.Config, cmd *cobra.Command) *speech.Server {
	const syntheses = 1 // clauses at once: decoding goes first
	return speech.New(speech.Config{
		Models: models.Open(c.Models), ASR: c.Speech.ASR, TTS: c.Speech.TTS, Decodes: c.Speech.Workers, Syntheses: syntheses,
		APIKey: c.Speech.APIKey.Reveal(), Logger: logger(c.Log, cmd.ErrOrStderr()),
	}, speech.Local(c.Speech.Threads, syntheses))
}
