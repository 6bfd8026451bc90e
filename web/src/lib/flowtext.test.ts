import { describe, expect, test } from 'vitest'
import { diffOf, quoted, withWords, wordsOf } from './flowtext'

const file = `# what it is for
name: track
title: your order   # as it is spoken
start:
  examples:
    - where's my order   # the first
    - track my order
slots:
  - {name: order, title: order number, type: code, ask: [Which order?, "The number, please."]}
steps:
  - ask: order
  - if: order == "1"
    then:
      - say: "It's {order}."
    else:
    - say:
      - One.
      - Two.
  - hangup: Bye.
`

describe('what a task says', () => {
  test('is found wherever it stands', () => {
    expect(wordsOf(file).map((w) => [w.path, w.items])).toEqual([
      ['name', ['track']],
      ['title', ['your order']],
      ['start.examples', ["where's my order", 'track my order']],
      ['slots[0].ask', ['Which order?', 'The number, please.']],
      ['steps[1].then[0].say', ["It's {order}."]],
      ['steps[1].else[0].say', ['One.', 'Two.']],
      ['steps[2].hangup', ['Bye.']],
    ])
    expect(wordsOf('steps: [')).toEqual([])
  })

  test('is changed in its place, and nothing else', () => {
    const once = withWords(file, 'start.examples', ["where's my order", 'follow my parcel'])
    expect(once).toBe(file.replace('track my order', 'follow my parcel'))
    expect(withWords(file, 'title', ['an order: now'])).toBe(file.replace('title: your order ', 'title: "an order: now" '))
    expect(withWords(file, 'steps[2].hangup', ['Goodbye.'])).toBe(file.replace('Bye.', 'Goodbye.'))
    expect(withWords(file, 'steps[2].hangup', [' '])).toBe(file)
  })

  test.each([
    ['start.examples', ['a one', 'b two', 'c three']],
    ['slots[0].ask', ['One, two?']],
    ['slots[0].ask', ['A', 'B', 'C {x}', 'null']],
    ['steps[1].then[0].say', ['First "quoted".', 'Second: {order}']],
    ['steps[1].else[0].say', ['一句话，两句话。']],
    ['steps[2].hangup', ['1 - 2', '- 3']],
  ])('is read back as it was written at %s', (path, items) => {
    const after = withWords(file, path, items)
    const words = wordsOf(after)
    expect(words.find((w) => w.path === path)?.items).toEqual(items)
    expect(words.filter((w) => w.path !== path)).toEqual(wordsOf(file).filter((w) => w.path !== path))
    expect(after).toContain('# what it is for')
  })

  test('is quoted where it must be', () => {
    for (const s of ['yes', 'null', '12', '- x', 'a: b', 'x #y', '{a}', 'it"s', '']) expect(quoted(s, false)).toBe(JSON.stringify(s))
    expect(quoted('a, b', false)).toBe('a, b')
    expect(quoted('a, b', true)).toBe('"a, b"')
    expect(quoted('您好，请讲。', true)).toBe('您好，请讲。')
  })
})

describe('a comparison', () => {
  test('shows what became other, and a little around', () => {
    const a = Array.from({ length: 20 }, (_, i) => `l${i}`)
    const b = [...a]
    b[10] = 'new'
    expect(diffOf(a.join('\n'), b.join('\n'), 1)).toEqual([
      { kind: 'skip', text: '' },
      { kind: 'same', text: 'l9' }, { kind: 'gone', text: 'l10' }, { kind: 'new', text: 'new' }, { kind: 'same', text: 'l11' },
      { kind: 'skip', text: '' },
    ])
  })

  test('of the same texts is empty', () => {
    expect(diffOf('a\nb\n', 'a\nb\n')).toEqual([])
  })
})
