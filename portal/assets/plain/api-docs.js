/* Shows the OpenAPI document that the page names, in the theme the person chose. */
(function () {
  'use strict';

  function follow(shown) {
    document.documentElement.classList.toggle('dark-mode', shown === 'dark');
  }

  follow(document.documentElement.getAttribute('data-bs-theme'));
  window.addEventListener('portal:theme', function (event) { follow(event.detail.shown); });

  const place = document.getElementById('api-docs');
  window.SwaggerUIBundle({
    domNode: place,
    url: place.dataset.document,
    // Otherwise it asks a public server for a badge.
    validatorUrl: null,
    deepLinking: true
  });
})();
