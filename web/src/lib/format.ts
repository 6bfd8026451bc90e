/** 75_000 → "1:15", 3_675_000 → "1:01:15". */
export function clock(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000))
  const two = (n: number): string => String(n).padStart(2, '0')
  const h = Math.floor(s / 3600)
  const m = Math.floor(s / 60) % 60
  return h > 0 ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`
}

/** 640 → "0.64", 1_320 → "1.3": seconds with as many digits as mean something. */
export function seconds(ms: number): string {
  return (ms / 1000).toFixed(ms < 995 ? 2 : 1)
}

/**
 * A number as a wall may show it: 138****8000. The whole one stands on the call's own
 * page. Names and short numbers (extensions) are nobody's secret.
 */
export function masked(number: string): string {
  const bare = number.replace(/^(sips?|tel):/i, '').replace(/[@;].*$/s, '')
  const digits = bare.replace(/[\s().-]/g, '')
  if (!/^\+?[\d*]+$/.test(digits) || digits.includes('*')) return bare
  if (digits.length >= 11) return `${digits.slice(0, digits.startsWith('+') ? 4 : 3)}****${digits.slice(-4)}`
  if (digits.length >= 7) return `${digits.slice(0, -6)}****${digits.slice(-2)}`
  return digits
}

/** A whole number in groups that can be read aloud: 138 1234 8000. */
export function grouped(number: string): string {
  const m = /^(?:\+?86)?(1\d{2})(\d{4})(\d{4})$/.exec(number)
  return m ? `${m[1]} ${m[2]} ${m[3]}` : number
}

/** 148_000_000 → "148 MB". */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB']
  let i = 0
  while (n >= 999.5 && i < units.length - 1) {
    n /= 1000
    i++
  }
  return `${n < 9.95 && i > 0 ? n.toFixed(1) : Math.round(n)} ${units[i]}`
}

/** A share in whole percent; undefined of nothing. */
export function percent(part: number, whole: number): number | undefined {
  return whole > 0 ? Math.round((100 * part) / whole) : undefined
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** "3 minutes ago"; what is older than a week is a date. */
export function ago(at: Date, now: Date, language: string): string {
  const s = Math.round((at.getTime() - now.getTime()) / 1000)
  if (Math.abs(s) > 7 * 86_400) return at.toLocaleDateString(language, { dateStyle: 'medium' })
  const relative = new Intl.RelativeTimeFormat(language, { numeric: 'auto', style: 'short' })
  for (const [unit, size] of steps) {
    if (Math.abs(s) >= size) return relative.format(Math.trunc(s / size), unit)
  }
  return relative.format(0, 'second')
}

export function fullTime(at: Date, language: string): string {
  return at.toLocaleString(language, { dateStyle: 'medium', timeStyle: 'medium' })
}

/** Time of day, with the date where it is not today's. */
export function shortTime(at: Date, now: Date, language: string): string {
  const time = at.toLocaleTimeString(language, { hour: '2-digit', minute: '2-digit', hour12: false })
  if (at.toDateString() === now.toDateString()) return time
  return `${at.toLocaleDateString(language, { month: 'short', day: 'numeric' })} ${time}`
}

/** The start of the day in which now is, where the reader is. */
export function midnight(now: Date): Date {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate())
}
