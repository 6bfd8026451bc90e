import { effectScope } from 'vue'
import { expect, test, vi } from 'vitest'
import { onLive, readLive } from './live'

/** The stream of events, as a browser gives it. */
class Stream extends EventTarget {
  static last: Stream
  constructor() {
    super()
    Stream.last = this
  }

  tell(kind: string, data: unknown): void { this.dispatchEvent(new MessageEvent(kind, { data: JSON.stringify({ kind, at: '', data }) })) }
  close(): void { /* nothing to close */ }
}

test('what is told while something is read is not undone by the answer', async () => {
  vi.stubGlobal('EventSource', Stream)
  const scope = effectScope()
  const heard: unknown[] = []
  scope.run(() => { onLive((e) => { heard.push(e.data) }, () => undefined) })
  let answer: (v: string[]) => void = () => undefined
  const reading = readLive(() => new Promise<string[]>((r) => { answer = r }), (v, e) => [...v, String(e.data)])
  Stream.last.tell('agent.state', 'first')
  Stream.last.tell('agent.state', 'second')
  answer(['read'])
  expect(await reading).toEqual(['read', 'first', 'second'])
  Stream.last.tell('agent.state', 'after it')
  expect(heard).toEqual(['first', 'second', 'after it'])
  await expect(readLive(() => Promise.reject(new Error('away')), (v) => v)).rejects.toThrow('away')
  scope.stop()
})
