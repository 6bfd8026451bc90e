import { useI18n } from 'vue-i18n'
import { wireKey } from '../lib/wire'

/** Says in the reader's language what a carrier or the network said, and what to look at. */
export function useWire(): (said: string) => string {
  const { t } = useI18n()
  return (said) => {
    const known = wireKey(said)
    return known ? t(`system.wire.${known.key}`, known.values) : said
  }
}
