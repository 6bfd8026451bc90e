import { expect, test } from 'vitest'
import { changes, textOf } from './knowledge'

test('changes are told by field, wordings one by one', () => {
  expect(changes({ question: 'a', variants: ['x', 'y'], answer: '1' }, { question: 'a', variants: ['y', 'z'], answer: '2', spoken: 's' })).toEqual([
    { field: 'variants', removed: ['x'], added: ['z'] },
    { field: 'answer', removed: ['1'], added: ['2'] },
    { field: 'spoken', removed: [], added: ['s'] },
  ])
  expect(changes({ question: 'a', note: '' }, { question: 'a' })).toEqual([])
})

test('what is empty is not sent', () => {
  expect(textOf({ question: ' a ', variants: [], answer: 'b', note: '' })).toEqual({ question: 'a', answer: 'b' })
})
