import { describe, expect, it } from 'vitest'
import { answersAtOnce } from './deskphone'

describe('a call that asks to be answered at once', () => {
  it('says so', () => {
    for (const mode of ['Auto', 'auto', ' Auto ;require']) expect(answersAtOnce(mode), mode).toBe(true)
  })
  it('is none of the others', () => {
    for (const mode of [undefined, '', 'Manual', 'automatic', 'Manual;Auto']) expect(answersAtOnce(mode), mode).toBe(false)
  })
})
