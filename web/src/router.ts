import { createRouter, createWebHistory } from 'vue-router'
import { watchEffect } from 'vue'
import { i18n } from './i18n'
import { resume } from './state/session'
import { system } from './state/system'

declare module 'vue-router' {
  interface RouteMeta {
    open?: boolean // needs no login
  }
}

export const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
  routes: [
    { path: '/login', name: 'login', component: () => import('./views/Login.vue'), meta: { open: true } },
    { path: '/call', name: 'phone', component: () => import('./views/Phone.vue'), meta: { open: true } },
    { path: '/', name: 'live', component: () => import('./views/Live.vue') },
    { path: '/desk', name: 'desk', component: () => import('./views/Desk.vue') },
    { path: '/calls', name: 'calls', component: () => import('./views/Calls.vue') },
    { path: '/calls/:id', name: 'call', component: () => import('./views/CallPage.vue'), props: true },
    { path: '/wishes', name: 'wishes', component: () => import('./views/Wishes.vue') },
    { path: '/tickets', name: 'tickets', component: () => import('./views/Tickets.vue') },
    { path: '/tickets/:id', name: 'ticket', component: () => import('./views/TicketPage.vue'), props: true },
    { path: '/reviews', name: 'reviews', component: () => import('./views/Reviews.vue') },
    { path: '/quality', name: 'quality', component: () => import('./views/Quality.vue') },
    { path: '/quality/:id', name: 'assessment', component: () => import('./views/QualityPage.vue'), props: true },
    { path: '/customers', name: 'customers', component: () => import('./views/Customers.vue') },
    { path: '/customers/:id', name: 'customer', component: () => import('./views/CustomerPage.vue'), props: true },
    { path: '/knowledge', name: 'knowledge', component: () => import('./views/Knowledge.vue') },
    { path: '/knowledge/proposals', name: 'proposals', component: () => import('./views/Proposals.vue') },
    { path: '/flows', name: 'flows', component: () => import('./views/Flows.vue') },
    { path: '/flows/:name', name: 'flow', component: () => import('./views/Flows.vue'), props: (to) => ({ name: to.params['name'], business: to.query['business'] }) },
    { path: '/campaigns', name: 'campaigns', component: () => import('./views/Campaigns.vue') },
    { path: '/campaigns/new', name: 'campaign-new', component: () => import('./views/CampaignPage.vue') },
    { path: '/campaigns/lists', name: 'suppressions', component: () => import('./views/Suppressions.vue') },
    { path: '/campaigns/:id', name: 'campaign', component: () => import('./views/CampaignPage.vue'), props: true },
    { path: '/system', name: 'system', component: () => import('./views/System.vue') },
    { path: '/account', name: 'account', component: () => import('./views/Account.vue') },
    { path: '/settings/business', name: 'business', component: () => import('./views/Business.vue') },
    { path: '/settings/lines', name: 'lines', component: () => import('./views/Lines.vue') },
    { path: '/settings/words', name: 'words', component: () => import('./views/Words.vue') },
    { path: '/settings/sheets', name: 'sheets', component: () => import('./views/Sheets.vue') },
    { path: '/settings/privacy', name: 'privacy', component: () => import('./views/Privacy.vue') },
    { path: '/settings/users', name: 'users', component: () => import('./views/Users.vue') },
    { path: '/settings/trunks', name: 'trunks', component: () => import('./views/Trunks.vue') },
    { path: '/settings/voices', name: 'voices', component: () => import('./views/Voices.vue') },
    { path: '/settings/tokens', name: 'tokens', component: () => import('./views/Tokens.vue') },
    { path: '/audit', name: 'audit', component: () => import('./views/Audit.vue') },
    { path: '/:rest(.*)*', name: 'lost', component: () => import('./views/NotFound.vue') },
  ],
})

// The tab says which page of which business it is.
watchEffect(() => {
  const name = String(router.currentRoute.value.name ?? '')
  const area = { campaign: 'campaigns', 'campaign-new': 'campaigns', suppressions: 'campaigns', tokens: 'users', voices: 'users', business: 'users', lines: 'users', trunks: 'users', words: 'users', sheets: 'users', privacy: 'users', ticket: 'tickets', assessment: 'quality', customer: 'customers', call: 'calls', flow: 'flows', proposals: 'knowledge', lost: '', login: '', phone: '' }[name] ?? name
  const business = system.value?.business ?? i18n.global.t('app.name')
  document.title = name === 'phone' ? i18n.global.t('phone.title') : area === '' ? business : `${i18n.global.t(`nav.${area}`)} · ${business}`
})

router.beforeEach(async (to) => {
  if (to.meta.open === true || (await resume())) return true
  return { name: 'login', query: to.fullPath === '/' ? {} : { to: to.fullPath } }
})
