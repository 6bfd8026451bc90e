export type Voice = 'excellent' | 'good' | 'fair' | 'poor' | 'bad'

// The words of ITU-T P.800 for a mean opinion score; G.107 reaches 4.5.
export function voice(mos: number): Voice {
  if (mos >= 4.2) return 'excellent'
  if (mos >= 3.8) return 'good'
  if (mos >= 3.3) return 'fair'
  if (mos >= 2.6) return 'poor'
  return 'bad'
}
