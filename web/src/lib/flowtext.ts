// What a task says, found in its file and changed there: everything else of the file, its
// comments and its layout, stays letter by letter.
import { isMap, isScalar, isSeq, parseDocument, type Node, type Pair, type YAMLMap } from 'yaml'

export type WordsKind = 'name' | 'title' | 'examples' | 'ask' | 'again' | 'say' | 'hangup'

/** The wordings of one thing that is said. */
export interface Words {
  path: string // in the terms of the file: steps[2].then[0].say
  step: string // of the step that it belongs to; '' for what is not in a step
  kind: WordsKind
  about: string // the title of the slot that is asked for
  items: string[]
}

interface Found extends Words {
  node: Node
  parts: Node[]
}

const value = (n: unknown): string => (isScalar(n) && n.value !== null && n.value !== undefined ? String(n.value) : '')
const line = (s: string): string => s.replace(/\s+/g, ' ').trim()

function pairs(map: YAMLMap): [string, Node][] {
  return (map.items as Pair<Node, Node | null>[]).flatMap((p) => (p.value ? [[value(p.key), p.value] as [string, Node]] : []))
}

function found(text: string): Found[] {
  const doc = parseDocument(text, { keepSourceTokens: false })
  const out: Found[] = []
  const root = doc.contents
  if (doc.errors.length > 0 || !isMap(root)) return out
  const put = (node: Node, kind: WordsKind, path: string, step: string, about = ''): void => {
    const parts = isSeq(node) ? (node.items as Node[]) : [node]
    if (!parts.every((p) => isScalar(p))) return
    out.push({ node, parts, kind, path, step, about, items: parts.map((p) => line(value(p))) })
  }
  const steps = (node: Node, path: string): void => {
    if (!isSeq(node)) return
    node.items.forEach((item, i) => {
      if (!isMap(item)) return
      const at = `${path}[${i}]`
      for (const [key, v] of pairs(item)) {
        if (key === 'say' || key === 'hangup') put(v, key, `${at}.${key}`, at)
        else if (['then', 'else', 'none', 'failed'].includes(key)) steps(v, `${at}.${key}`)
        else if (key === 'of' && isMap(v)) for (const [name, inner] of pairs(v)) steps(inner, `${at}.of.${name}`)
      }
    })
  }
  for (const [key, v] of pairs(root)) {
    if (key === 'name' || key === 'title') put(v, key, key, '')
    else if (key === 'start' && isMap(v)) {
      for (const [k, list] of pairs(v)) if (k === 'examples') put(list, 'examples', 'start.examples', '')
    } else if (key === 'slots' && isSeq(v)) {
      v.items.forEach((item, i) => {
        if (!isMap(item)) return
        const all = new Map(pairs(item))
        const about = line(value(all.get('title') ?? all.get('name')))
        for (const kind of ['ask', 'again'] as const) {
          const list = all.get(kind)
          if (list) put(list, kind, `slots[${i}].${kind}`, '', about)
        }
      })
    } else if (key === 'steps') steps(v, 'steps')
  }
  return out
}

/** All that a task says; nothing where its file cannot be read. */
export function wordsOf(text: string): Words[] {
  return found(text).map(({ path, step, kind, about, items }) => ({ path, step, kind, about, items }))
}

/** A text as it can stand in a file, within brackets or not. */
export function quoted(s: string, within: boolean): string {
  const plain = /^[\p{L}\p{N}][^:#{}[\]"'`|>&*!%@\\]*$/u.test(s) && !/\s$/.test(s) && !/^(true|false|null|yes|no|on|off|y|n|~)$/i.test(s) && !/^[\d.+-]/.test(s)
  return plain && !(within && s.includes(',')) ? s : JSON.stringify(s)
}

/** The file with other wordings at a path. */
export function withWords(text: string, path: string, items: string[]): string {
  const at = found(text).find((f) => f.path === path)
  const all = items.map(line).filter((s) => s !== '')
  if (!at || all.length === 0) return text
  if (all.length === at.parts.length) {
    let out = text
    for (let i = all.length - 1; i >= 0; i--) {
      const part = at.parts[i]
      const to = all[i] ?? ''
      if (!part || to === at.items[i]) continue
      out = replaced(out, part, quoted(to, isSeq(at.node) && at.node.flow === true))
    }
    return out
  }
  if (isSeq(at.node) && at.node.flow !== true) {
    const from = at.node.range?.[0] ?? 0
    const indent = ' '.repeat(from - (text.lastIndexOf('\n', from - 1) + 1))
    return replaced(text, at.node, all.map((s, i) => `${i === 0 ? '' : indent}- ${quoted(s, false)}`).join('\n'))
  }
  return replaced(text, at.node, `[${all.map((s) => quoted(s, true)).join(', ')}]`)
}

function replaced(text: string, node: Node, by: string): string {
  const [from, to] = node.range ?? [0, 0]
  const old = text.slice(from, to)
  const tail = /\s*$/.exec(old)?.[0] ?? ''
  return text.slice(0, from) + by + tail + text.slice(to)
}

/** One line of a comparison. */
export interface DiffLine { kind: 'same' | 'gone' | 'new' | 'skip'; text: string }

const maxDiff = 3000

/** What becomes other from one text to the next, with a few lines around. */
export function diffOf(before: string, after: string, around = 2): DiffLine[] {
  const a = before.replace(/\n$/, '').split('\n')
  const b = after.replace(/\n$/, '').split('\n')
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++
  const x = a.slice(head, a.length - tail)
  const y = b.slice(head, b.length - tail)
  const middle: DiffLine[] = []
  if (x.length * y.length > maxDiff * maxDiff) {
    middle.push(...x.map((text) => ({ kind: 'gone' as const, text })), ...y.map((text) => ({ kind: 'new' as const, text })))
  } else {
    // The longest common part, from behind.
    const w = y.length + 1
    const best = new Uint16Array((x.length + 1) * w)
    for (let i = x.length - 1; i >= 0; i--) {
      for (let j = y.length - 1; j >= 0; j--) {
        best[i * w + j] = x[i] === y[j] ? (best[(i + 1) * w + j + 1] ?? 0) + 1 : Math.max(best[(i + 1) * w + j] ?? 0, best[i * w + j + 1] ?? 0)
      }
    }
    let i = 0
    let j = 0
    while (i < x.length || j < y.length) {
      if (i < x.length && j < y.length && x[i] === y[j]) {
        middle.push({ kind: 'same', text: x[i] ?? '' })
        i++
        j++
      } else if (i < x.length && (j >= y.length || (best[(i + 1) * w + j] ?? 0) >= (best[i * w + j + 1] ?? 0))) {
        middle.push({ kind: 'gone', text: x[i++] ?? '' })
      } else middle.push({ kind: 'new', text: y[j++] ?? '' })
    }
  }
  const all: DiffLine[] = [...a.slice(0, head).map((text) => ({ kind: 'same' as const, text })), ...middle, ...a.slice(a.length - tail).map((text) => ({ kind: 'same' as const, text }))]
  const near = all.map((_, n) => all.slice(Math.max(0, n - around), n + around + 1).some((l) => l.kind !== 'same'))
  return all.flatMap((l, n) => {
    if (near[n]) return [l]
    return near[n - 1] === true || n === 0 ? [{ kind: 'skip' as const, text: '' }] : []
  }).filter((l, n, list) => !(l.kind === 'skip' && list.length === 1 && n === 0))
}
