import { ElMessage } from 'element-plus/es/components/message/index.mjs'
import 'element-plus/es/components/message/style/css'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/client'

/** Says what went wrong with something that was wanted. */
export function useFail(): (e: unknown) => void {
  const { t, te } = useI18n()
  return (e) => {
    if (!(e instanceof ApiError)) throw e
    const key = te(`work.error.${e.code}`) ? `work.error.${e.code}` : te(`error.${e.code}`) ? `error.${e.code}` : 'error.other'
    ElMessage.error({ message: t(key, { detail: e.message }), showClose: true })
  }
}
