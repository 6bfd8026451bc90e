/** What is typed about a call and not saved yet. */
export interface Note {
  code: string
  note: string
  seconds: number // that the form was open before
}

type Box = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const prefix = 'hotline.desk.note.'

/** Notes by call, so that the next one does not take the place of this one. */
export function notesIn(box: Box) {
  return {
    read(call: string): Note | undefined {
      const kept = box.getItem(prefix + call)
      if (kept === null) return undefined
      try {
        const n = JSON.parse(kept) as Partial<Note>
        return { code: n.code ?? '', note: n.note ?? '', seconds: n.seconds ?? 0 }
      } catch {
        return undefined
      }
    },
    write(call: string, n: Note): void {
      if (n.code === '' && n.note.trim() === '') box.removeItem(prefix + call)
      else box.setItem(prefix + call, JSON.stringify(n))
    },
    forget(call: string): void {
      box.removeItem(prefix + call)
    },
  }
}

/** A text with another one behind it, in a line of its own; not twice. */
export function added(text: string, more: string): string {
  const m = more.trim()
  if (m === '' || text.split('\n').some((l) => l.trim() === m)) return text
  const before = text.trimEnd()
  return before === '' ? m : `${before}\n${m}`
}

/** A text that fits into a short message. */
export function fitting(text: string, most: number): string {
  const letters = [...text.trim()]
  return letters.length <= most ? letters.join('') : `${letters.slice(0, most - 1).join('')}…`
}
