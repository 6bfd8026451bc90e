/** A piece of a text, and whether it is one of the words that make it urgent. */
export interface Piece {
  text: string
  urgent: boolean
}

/** The text in pieces, each of words marked wherever it stands. */
export function pieces(text: string, words: readonly string[]): Piece[] {
  const out: Piece[] = []
  const found = words.filter((w) => w !== '').sort((a, b) => b.length - a.length)
  let plain = ''
  for (let at = 0; at < text.length;) {
    const word = found.find((w) => text.startsWith(w, at))
    if (word === undefined) {
      plain += text[at++] ?? ''
      continue
    }
    if (plain !== '') out.push({ text: plain, urgent: false })
    plain = ''
    out.push({ text: word, urgent: true })
    at += word.length
  }
  if (plain !== '') out.push({ text: plain, urgent: false })
  return out
}
