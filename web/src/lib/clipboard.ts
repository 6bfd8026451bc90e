/**
 * Puts text on the clipboard; false where nothing lets us. Pages that came by http from
 * another machine have no navigator.clipboard, and an owner in his shop's network reads
 * exactly such a page.
 */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    // not allowed, or not there
  }
  const area = document.createElement('textarea')
  area.value = text
  area.setAttribute('readonly', '')
  area.className = 'hidden-visually'
  document.body.append(area)
  const before = document.activeElement
  area.select()
  try {
    return document.execCommand('copy')
  } finally {
    area.remove()
    if (before instanceof HTMLElement) before.focus()
  }
}
