/** How loud samples are, from 0 (silence, below -60 dB) to 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0
  for (const s of samples) sum += s * s
  const db = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12)
  return Math.min(1, Math.max(0, (db + 60) / 50))
}

/** Measures streams while the page shows them. */
export class Meter {
  private context: AudioContext | undefined
  private ears: { analyser: AnalyserNode; source: MediaStreamAudioSourceNode; samples: Float32Array<ArrayBuffer>; told: (level: number) => void }[] = []
  private frame = 0

  listen(streams: [MediaStream, (level: number) => void][]): void {
    this.deafen()
    this.context ??= new AudioContext()
    void this.context.resume()
    for (const [stream, told] of streams) {
      const analyser = this.context.createAnalyser()
      analyser.fftSize = 1024
      const source = this.context.createMediaStreamSource(stream)
      source.connect(analyser)
      this.ears.push({ analyser, source, samples: new Float32Array(analyser.fftSize), told })
    }
    const look = (): void => {
      for (const e of this.ears) {
        e.analyser.getFloatTimeDomainData(e.samples)
        e.told(loudness(e.samples))
      }
      this.frame = requestAnimationFrame(look)
    }
    this.frame = requestAnimationFrame(look)
  }

  private deafen(): void {
    cancelAnimationFrame(this.frame)
    for (const e of this.ears) {
      e.source.disconnect()
      e.told(0)
    }
    this.ears = []
  }

  stop(): void {
    this.deafen()
    void this.context?.close()
    this.context = undefined
  }
}
