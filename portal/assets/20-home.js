/* The front page in the browser: what depends on the clock alone is drawn again each minute, and when a system
   changes its state without an event, as when the collector dies. */
(function () {
  'use strict';

  function moment(_intervals, known) {
    const states = Object.entries(window.portal.live.sources).map(([name, source]) => name + '=' + source.state);
    const now = [Math.floor(Date.now() / 60000), ...states.sort()].join(' ');
    return now === known ? window.dash_clientside.no_update : now;
  }

  window.dash_clientside = Object.assign({}, window.dash_clientside, {home: {moment: moment}});
})();
