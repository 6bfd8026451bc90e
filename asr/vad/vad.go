// Package vad tells voice from silence and noise, frame by frame.
//
// # Concepts
//
// An [asr.Detector] takes a call's frames one after the other and answers each with
// the probability that somebody is speaking. [Silero] is a small neural network;
// [NewEnergy] needs no model and judges by level and pitch. What the probability means for a turn (when it has begun,
// when it is over) is decided by the listener, not here.
//
// # Concurrency
//
// A Detector belongs to one call and one goroutine at a time. A Silero is shared
// by all calls and safe for concurrent use. Nothing here starts a goroutine.
package vad

import (
	"log/slog"
	"math"

	"hotline/asr"
)

// silent is the largest sample of a frame that cannot hold voice: what A-law
// makes of digital silence is ±8, of µ-law 0 (ITU-T G.711).
const silent = 8

// isSilent says whether frame is digital silence.
func isSilent(frame []int16) bool {
	for _, s := range frame {
		if s > silent || s < -silent {
			return false
		}
	}
	return true
}

// levelDB is the root-mean-square level of frame, dBov, never below floorDB.
func levelDB(frame []int16) float64 {
	var sum int64
	for _, s := range frame {
		sum += int64(s) * int64(s)
	}
	if sum == 0 || len(frame) == 0 {
		return floorDB
	}
	return max(10*math.Log10(float64(sum)/float64(len(frame))/(32768*32768)), floorDB)
}

const floorDB = -90

// WithFallback returns first until it fails, and second from then on: a call
// whose detector breaks goes on being heard. The failure is logged once.
func WithFallback(first, second asr.Detector, log *slog.Logger) asr.Detector {
	return &fallback{Detector: first, second: second, log: log}
}

type fallback struct {
	asr.Detector
	second asr.Detector // nil once it has taken over
	log    *slog.Logger
}

func (f *fallback) Detect(frame []int16) (float64, error) {
	p, err := f.Detector.Detect(frame)
	if err == nil || f.second == nil {
		return p, err
	}
	f.log.Error("voice detector failed, going on by energy", "err", err)
	if err := f.Detector.Close(); err != nil {
		f.log.Warn("closing the failed voice detector", "err", err)
	}
	f.Detector, f.second = f.second, nil
	return f.Detector.Detect(frame)
}

func (f *fallback) Close() error {
	if f.second != nil {
		if err := f.second.Close(); err != nil {
			f.log.Warn("closing the spare voice detector", "err", err)
		}
	}
	return f.Detector.Close()
}
