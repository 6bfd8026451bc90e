import { ref, watch } from 'vue'

const key = 'hotline.desk.automatic'

/** Whether this telephone takes calls by itself that the server asks to have answered at once. */
export const automatic = ref(localStorage.getItem(key) === 'on')
watch(automatic, (on) => { localStorage.setItem(key, on ? 'on' : 'off') })
