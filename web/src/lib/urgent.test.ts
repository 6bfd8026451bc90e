import { expect, test } from 'vitest'
import { pieces } from './urgent'

test('urgent words are marked, the longer one first', () => {
  expect(pieces('请马上回电，马上', ['马上'])).toEqual([
    { text: '请', urgent: false }, { text: '马上', urgent: true }, { text: '回电，', urgent: false }, { text: '马上', urgent: true },
  ])
  expect(pieces('call as soon as possible', ['soon', 'as soon as possible', ''])).toEqual([
    { text: 'call ', urgent: false }, { text: 'as soon as possible', urgent: true },
  ])
  expect(pieces('', ['x'])).toEqual([])
})
