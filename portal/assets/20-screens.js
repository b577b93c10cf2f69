/* The list of wall screens in the browser: which screen's link is to be revoked. */
(function () {
  'use strict';
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-revoke-screen]');
    // With the time: the same question may be asked again.
    if (button) window.dash_clientside.set_props('screens-asked', {data: {id: Number(button.dataset.revokeScreen), at: Date.now()}});
  });
})();
