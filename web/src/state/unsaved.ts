import { onMounted, onScopeDispose } from 'vue'
import { onBeforeRouteLeave } from 'vue-router'
import { i18n } from '../i18n'

/** Asks before what was typed is lost; true: it may be. */
export function mayLose(dirty: boolean): boolean {
  return !dirty || window.confirm(i18n.global.t('rules.unsaved'))
}

/** Asks before the page is left, reloaded or closed while something typed into it is not saved. */
export function useUnsaved(dirty: () => boolean): void {
  onBeforeRouteLeave((to) => to.name === 'login' || mayLose(dirty()))
  const leaving = (e: BeforeUnloadEvent): void => { if (dirty()) e.preventDefault() }
  onMounted(() => { window.addEventListener('beforeunload', leaving) })
  onScopeDispose(() => { window.removeEventListener('beforeunload', leaving) })
}
