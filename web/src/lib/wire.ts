/**
 * What a carrier, the network or the server says of a call that does not go out, as a key
 * of the catalogue's wire with its values; undefined where it is not known, and is shown
 * as it came.
 */
export function wireKey(said: string): { key: string; values: Record<string, string> } | undefined {
  const status = /refused with (\d{3})\s*(.*)$/.exec(said)
  if (status) {
    const values = { code: status[1] ?? '', reason: (status[2] ?? '').trim() }
    const key: Record<string, string> = { 401: 'login', 403: 'login', 407: 'login', 404: 'unknown', 408: 'late', 480: 'late', 486: 'busy', 488: 'sound', 503: 'full', 600: 'busy' }
    return { key: key[values.code] ?? 'refused', values }
  }
  const known: [RegExp, string][] = [
    [/^no response$|deadline exceeded|i\/o timeout/, 'silent'],
    [/no such host|no addresses|server misbehaving|lookup /, 'host'],
    [/connection refused/, 'closed'],
    [/network is unreachable|no route to host|host is down/, 'network'],
    [/certificate|tls:|x509/, 'tls'],
    [/there is no trunk/, 'none'],
  ]
  const found = known.find(([pattern]) => pattern.test(said))
  return found && { key: found[1], values: {} }
}
