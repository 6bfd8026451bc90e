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
