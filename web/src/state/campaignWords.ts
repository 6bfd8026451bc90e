import { useI18n } from 'vue-i18n'

/** The words for what the server tells of campaigns by codes. */
export function useCampaignWords(): { reason: (code: string) => string; notice: (code: string) => string; how: (how: string) => string } {
  const { t, te } = useI18n()
  const word = (groups: readonly string[], code: string): string | undefined => {
    for (const g of groups) {
      const key = `campaigns.${g}.${code}`
      if (te(key) || te(key, 'zh-CN')) return t(key)
    }
    return undefined
  }
  return {
    /** Why somebody was not called, or what came of his call. */
    reason: (code) => word(['refusals', 'outcomes', 'reasons'], code) ?? (code.startsWith('by ') ? code.slice(3) : code),
    /** What a carrier says of a number. */
    notice: (code) => word(['notices'], code) ?? code,
    /** How a number came to a list. */
    how: (how) => word(['suppress.how'], how) ?? (how.startsWith('by ') ? t('campaigns.suppress.by', { name: how.slice(3) }) : how),
  }
}
