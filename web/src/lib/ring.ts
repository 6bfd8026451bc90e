const beepTime = 250 // ms

/** A short beep, as before a call that is answered by itself; ends once it was heard, or could not be. */
export async function beep(): Promise<void> {
  const context = new AudioContext()
  void context.resume().catch(() => undefined)
  const volume = context.createGain()
  volume.gain.value = 0.08
  volume.connect(context.destination)
  const tone = context.createOscillator()
  tone.frequency.value = 1000
  tone.connect(volume)
  tone.start()
  tone.stop(context.currentTime + beepTime / 1000)
  await new Promise((r) => { setTimeout(r, beepTime) })
  await context.close()
}

/** Rings an agent: two short tones every three seconds, until stop. */
export class Ring {
  private context: AudioContext | undefined
  private timer = 0

  start(): void {
    if (this.context) return
    const context = new AudioContext()
    this.context = context
    void context.resume().catch(() => undefined) // silent until the first click on the page
    const volume = context.createGain()
    volume.gain.value = 0
    volume.connect(context.destination)
    for (const hz of [660, 880]) {
      const tone = context.createOscillator()
      tone.frequency.value = hz
      tone.connect(volume)
      tone.start()
    }
    const strike = (): void => {
      for (const at of [0, 0.35]) {
        volume.gain.setValueAtTime(0.08, context.currentTime + at)
        volume.gain.setTargetAtTime(0, context.currentTime + at + 0.02, 0.09)
      }
    }
    strike()
    this.timer = window.setInterval(strike, 3000)
  }

  stop(): void {
    clearInterval(this.timer)
    void this.context?.close()
    this.context = undefined
  }
}
