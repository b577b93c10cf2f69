/* Runs before the first paint: sets the theme the person chose (cookie portal_theme: light, dark, system). */
(function () {
  'use strict';
  const dark = window.matchMedia('(prefers-color-scheme: dark)');

  function chosen() {
    const found = document.cookie.match(/(?:^|; )portal_theme=(light|dark|system)/);
    return found ? found[1] : 'system';
  }

  function apply() {
    const choice = chosen();
    const shown = choice === 'system' ? (dark.matches ? 'dark' : 'light') : choice;
    document.documentElement.setAttribute('data-bs-theme', shown);
    // The data grid follows this attribute alone.
    document.documentElement.setAttribute('data-ag-theme-mode', shown);
    window.dispatchEvent(new CustomEvent('portal:theme', {detail: {choice: choice, shown: shown}}));
  }

  function choose(choice) {
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = 'portal_theme=' + choice + '; path=/; max-age=31536000; samesite=lax' + secure;
    apply();
  }

  /* light → dark → as the system → light */
  function next() {
    const order = ['light', 'dark', 'system'];
    choose(order[(order.indexOf(chosen()) + 1) % order.length]);
    return chosen();
  }

  dark.addEventListener('change', apply);
  window.portalTheme = {chosen: chosen, next: next};
  apply();
})();
