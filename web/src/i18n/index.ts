import { createI18n } from 'vue-i18n'
import { zh, type Catalogue } from './zh-CN'

export const languages = ['zh-CN', 'en'] as const
export type Language = (typeof languages)[number]

export const i18n = createI18n<[Catalogue], Language, false>({
  legacy: false,
  locale: 'zh-CN',
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': zh } as never,
})

/** The reader's choice, else what the browser prefers. */
export function preferred(stored: string | null, browser: readonly string[]): Language {
  const known = languages.find((l) => l === stored)
  if (known) return known
  for (const b of browser) {
    if (b.toLowerCase().startsWith('zh')) return 'zh-CN'
    if (b.toLowerCase().startsWith('en')) return 'en'
  }
  return 'en'
}

/** Shows everything in language; its catalogue is loaded when it is first wanted. */
export async function speak(language: Language): Promise<void> {
  if (language === 'en' && !i18n.global.availableLocales.includes('en')) {
    const { en } = await import('./en')
    i18n.global.setLocaleMessage('en', en)
  }
  i18n.global.locale.value = language
  document.documentElement.lang = language
}
