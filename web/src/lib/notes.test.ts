import { describe, expect, test } from 'vitest'
import { added, fitting, notesIn } from './notes'

function box(): Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> {
  const m = new Map<string, string>()
  return { getItem: (k) => m.get(k) ?? null, setItem: (k, v) => { m.set(k, v) }, removeItem: (k) => { m.delete(k) } }
}

describe('notes', () => {
  test('are kept by call', () => {
    const b = box()
    const n = notesIn(b)
    n.write('A', { code: 'solved', note: '第一通', seconds: 3 })
    n.write('B', { code: '', note: '第二通', seconds: 0 })
    expect(n.read('A')).toEqual({ code: 'solved', note: '第一通', seconds: 3 })
    n.forget('B')
    expect(n.read('B')).toBeUndefined()
    expect(notesIn(b).read('A')?.note).toBe('第一通')
    n.write('A', { code: '', note: '  ', seconds: 9 })
    expect(n.read('A')).toBeUndefined()
  })

  test('that cannot be read are none', () => {
    const b = box()
    b.setItem('hotline.desk.note.A', '{')
    expect(notesIn(b).read('A')).toBeUndefined()
  })
})

test('what is added stands in a line of its own, once', () => {
  expect(added('', ' 三天到账 ')).toBe('三天到账')
  expect(added('已登记\n', '三天到账')).toBe('已登记\n三天到账')
  expect(added('已登记\n三天到账', '三天到账')).toBe('已登记\n三天到账')
  expect(added('x', '  ')).toBe('x')
})

test('a message is cut between letters', () => {
  expect(fitting('一二三四五', 5)).toBe('一二三四五')
  expect(fitting('一二三四五六', 5)).toBe('一二三四…')
  expect(fitting('😀😀😀', 2)).toBe('😀…')
})
