// Before the first paint, so that a dark console does not flash white.
;(function () {
  var theme = null
  try {
    theme = localStorage.getItem('hotline.theme')
  } catch {
    // without storage the system's choice holds
  }
  var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.classList.toggle('dark', dark)
})()
