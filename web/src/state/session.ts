import { computed, ref } from 'vue'
import { api } from '../api/client'
import type { Me } from '../api/types'

export const me = ref<Me>()

/** The session ran out under an open page; what is typed in it is kept until somebody signs in again. */
export const ranOut = ref(false)

export async function signIn(name: string, password: string, code = ''): Promise<void> {
  me.value = await api.login(name, password, code)
}

export async function signOut(): Promise<void> {
  await api.logout()
  me.value = undefined
}

/** Finds out whether somebody is signed in already. */
export async function resume(): Promise<boolean> {
  if (me.value) return true
  try {
    me.value = await api.me()
    return true
  } catch {
    return false
  }
}

export const mayWork = computed(() => me.value !== undefined && me.value.role !== 'analyst')
export const mayManage = computed(() => me.value?.role === 'admin' || me.value?.role === 'supervisor')
export const mayGovern = computed(() => me.value?.role === 'admin')
