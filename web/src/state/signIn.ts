import { ref, type Ref } from 'vue'
import { useI18n } from 'vue-i18n'
import { ApiError } from '../api/client'
import { signIn } from './session'

export interface SignIn {
  name: Ref<string>
  password: Ref<string>
  code: Ref<string>
  /** The password was right; what the second factor shows is asked too. */
  codeNeeded: Ref<boolean>
  busy: Ref<boolean>
  problem: Ref<string>
  /** Whether somebody is signed in now. */
  submit: () => Promise<boolean>
}

/** The form by which somebody signs in. */
export function useSignIn(as = ''): SignIn {
  const { t } = useI18n()
  const name = ref(as)
  const password = ref('')
  const code = ref('')
  const codeNeeded = ref(false)
  const busy = ref(false)
  const problem = ref('')
  async function submit(): Promise<boolean> {
    busy.value = true
    problem.value = ''
    try {
      await signIn(name.value.trim(), password.value, code.value.trim())
      return true
    } catch (e) {
      if (!(e instanceof ApiError)) throw e
      if (e.code === 'totp_needed') {
        codeNeeded.value = true
        return false
      }
      const known = ['wrong_login', 'wrong_code', 'too_many_logins', 'locked', 'unreachable', 'internal'].includes(e.code)
      problem.value = known ? t(`error.${e.code}`, { s: e.retryAfter }) : t('error.other', { detail: e.message })
      code.value = ''
      if (e.code !== 'wrong_code') {
        password.value = ''
        codeNeeded.value = false
      }
      return false
    } finally {
      busy.value = false
    }
  }
  return { name, password, code, codeNeeded, busy, problem, submit }
}
