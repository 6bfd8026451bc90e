import { describe, expect, test } from 'vitest'
import { completionsAt, type Schema } from './flowschema'

const schema: Schema = {
  $ref: '#/$defs/Flow',
  $defs: {
    Flow: { properties: { name: {}, slots: { items: { $ref: '#/$defs/Slot' } }, steps: { items: { $ref: '#/$defs/Step' } } } },
    Slot: { properties: { name: {}, type: { enum: ['code', 'phone'] } } },
    Step: {
      properties: { say: {}, lookup: { $ref: '#/$defs/Lookup' }, then: { items: { $ref: '#/$defs/Step' } }, end: { enum: ['done', 'open'] }, of: { additionalProperties: { items: { $ref: '#/$defs/Step' } } } },
    },
    Lookup: { properties: { table: {}, where: {} } },
  },
}
const labels = (text: string): string[] => completionsAt(schema, text)?.options.map((o) => o.label) ?? []
const step = ['say', 'lookup', 'then', 'end', 'of']

describe('what can be written', () => {
  test.each<[string, string[]]>([
    ['', ['name', 'slots', 'steps']],
    ['name: x\nst', ['name', 'slots', 'steps']],
    ['slots:\n  - name: a\n    ty', ['name', 'type']],
    ['slots:\n  - name: a\n    type: ', ['code', 'phone']],
    ['slots:\n  - {name: a, ty', ['name', 'type']],
    ['slots:\n- ', ['name', 'type']],
    ['steps:\n  - sa', step],
    ['steps:\n  - say: x\n  - lo', step],
    ['steps:\n  - lookup:\n      ta', ['table', 'where']],
    ['steps:\n  - lookup: {ta', ['table', 'where']],
    ['steps:\n  - say: x\n    then:\n      - en', step],
    ['steps:\n  - say: x\n    then:\n      - end: d', ['done', 'open']],
    ['steps:\n  - of:\n      yes:\n        - sa', step],
    ['steps:\n  # a comm', []],
  ])('after %j', (text, want) => {
    expect(labels(text)).toEqual(want)
  })
})
