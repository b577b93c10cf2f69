/* The login and password pages: show the password, change the theme. Both work without this script. */
(function () {
  'use strict';
  document.addEventListener('click', function (event) {
    const eye = event.target.closest('[data-reveal]');
    if (eye) {
      const field = document.getElementById(eye.dataset.reveal);
      const shown = field.type === 'text';
      field.type = shown ? 'password' : 'text';
      eye.setAttribute('aria-pressed', String(!shown));
      return;
    }
    if (event.target.closest('[data-theme-switch]')) window.portalTheme.next();
  });
})();
