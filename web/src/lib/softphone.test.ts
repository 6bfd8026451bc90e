import { describe, expect, test, vi } from 'vitest'

// JsSIP wants a browser; what is tested here does not want JsSIP.
vi.mock('jssip', () => ({ UA: vi.fn(), WebSocketInterface: vi.fn() }))
const { callTrouble, microphoneTrouble } = await import('./softphone')

describe('what went wrong', () => {
  test.each([
    ['Busy', 486, 'busy'],
    ['Rejected', 603, 'refused'],
    ['SIP Failure Code', 503, 'full'],
    ['Not Found', 404, 'noLine'],
    ['Unavailable', 480, 'noAnswer'],
    ['Connection Error', 0, 'noServer'],
    ['WebRTC Error', 0, 'noMedia'],
    ['Incompatible SDP', 488, 'noMedia'],
    ['RTP Timeout', 0, 'lost'],
    ['SIP Failure Code', 500, 'other'],
    ['Canceled', 0, undefined],
    ['Canceled', 487, undefined],
  ])('%s %i', (cause, status, trouble) => {
    expect(callTrouble(cause, status)).toBe(trouble)
  })

  test.each([
    ['NotAllowedError', 'denied'],
    ['NotFoundError', 'noMicrophone'],
    ['NotReadableError', 'microphoneBusy'],
    ['TypeError', 'other'],
  ])('%s', (name, trouble) => {
    expect(microphoneTrouble(name)).toBe(trouble)
  })
})
