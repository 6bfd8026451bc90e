import { ref } from 'vue'
import { preferred, speak, type Language } from '../i18n'

export type Theme = 'auto' | 'light' | 'dark'

function stored(key: string): string | null {
  try {
    return localStorage.getItem(`hotline.${key}`)
  } catch {
    return null
  }
}

function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`hotline.${key}`, value)
  } catch {
    // it holds until the page is closed
  }
}

const dark = matchMedia('(prefers-color-scheme: dark)')
const kept = stored('theme')

export const theme = ref<Theme>(kept === 'light' || kept === 'dark' ? kept : 'auto')
export const language = ref<Language>(preferred(stored('language'), navigator.languages))

export function isDark(): boolean {
  return theme.value === 'dark' || (theme.value === 'auto' && dark.matches)
}

function paint(): void {
  document.documentElement.classList.toggle('dark', isDark())
}

dark.addEventListener('change', paint)

export function setTheme(t: Theme): void {
  theme.value = t
  keep('theme', t)
  paint()
}

export async function setLanguage(l: Language): Promise<void> {
  await speak(l)
  language.value = l
  keep('language', l)
}
