import { createApp } from 'vue'
import App from './App.vue'
import { whenLoginIsNeeded } from './api/client'
import { i18n } from './i18n'
import { router } from './router'
import { me, ranOut } from './state/session'
import { language, setLanguage } from './state/settings'
import './styles/tokens.css'
import './styles/base.css'

whenLoginIsNeeded(() => {
  const to = router.currentRoute.value
  if (me.value && to.meta.open !== true) ranOut.value = true
  else if (to.name !== 'login') void router.replace({ name: 'login', query: { to: to.fullPath } })
})

await setLanguage(language.value)
createApp(App).use(i18n).use(router).mount('#app')
