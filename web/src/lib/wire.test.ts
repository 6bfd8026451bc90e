import { expect, test } from 'vitest'
import { wireKey } from './wire'

test('what carriers and networks say is known', () => {
  expect(wireKey('no response')?.key).toBe('silent')
  expect(wireKey('refused with 403 Forbidden')).toEqual({ key: 'login', values: { code: '403', reason: 'Forbidden' } })
  expect(wireKey('registering at sip.example.com: refused with 404 Not Found')?.key).toBe('unknown')
  expect(wireKey('refused with 699 ')).toEqual({ key: 'refused', values: { code: '699', reason: '' } })
  expect(wireKey('lookup sip.no-such-host.example on 127.0.0.1:53: no such host')?.key).toBe('host')
  expect(wireKey('dial tcp 127.0.0.1:5060: connect: connection refused')?.key).toBe('closed')
  expect(wireKey('there is no trunk to the telephone network; set one in the console, Settings, or in hotline.yaml')?.key).toBe('none')
  expect(wireKey('something new')).toBeUndefined()
})
