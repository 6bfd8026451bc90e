import { expect, test } from 'vitest'
import { voice } from './quality'

test('a score has a word', () => {
  expect([4.4, 4.2, 4, 3.5, 3, 1].map(voice)).toEqual(['excellent', 'excellent', 'good', 'fair', 'poor', 'bad'])
})
