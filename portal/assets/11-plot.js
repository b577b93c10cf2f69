/* plotly: the small bundle with bars and lines in place of the whole (1.2 MB instead of 4.8 MB), in the page's
   language and theme. Dash asks for the file only when a page has a graph. `_dashPlotlyJSURL` is Dash's own
   variable: a browser test guards that it is still read. */
(function () {
  'use strict';
  Object.defineProperty(window, '_dashPlotlyJSURL', {
    get: () => document.documentElement.dataset.plotly,
    set() {},
  });

  /* Colours are tokens: figures name them `--hp-c1`, and this puts in their present value. */
  function token(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  }

  function coloured(value) {
    if (typeof value === 'string') return value.startsWith('--hp-') ? token(value) : value;
    if (Array.isArray(value)) return value.map(coloured);
    if (value && typeof value === 'object')
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, coloured(inner)]));
    return value;
  }

  function figure(plain) {
    return plain ? coloured(plain) : window.dash_clientside.no_update;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {plot: {figure: figure}});
})();
