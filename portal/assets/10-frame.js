/* The frame: one tick for all live parts, running ages, session end, theme, language, toasts, copying.

   Python draws what changes seldom. What moves every second is written into these elements:
     data-age="source"         the chip beside a page's title
     data-source-age="source"  the age in the list of sources
     data-count="/path"        the figure beside a page's name in the navigation
     data-since="ms"           a duration from then to now
     data-next-try="source"    a duration until a silent source is asked again
     data-there="zone" data-ahead="hours"  the time of day of somebody whose clock is that far ahead of the zone's */
(function () {
  'use strict';

  const HIDDEN_MS = 30000;
  // A line that went silent must not keep the tick waiting for ever.
  const PATIENCE_MS = 10000;
  const DRAWING_MS = 30000;
  const live = {etag: null, sources: {}, answered: {}, due: {}, counts: {}, topics: {}, asking: false, lostSince: null};
  let words = null;
  let openMs = 5000;
  let lastTouch = Date.now();
  const nativeFetch = window.fetch.bind(window);

  /* ------------------------------------------------------------------ words */

  function say(key, values) {
    if (!words) {
      const frame = document.getElementById('frame');
      if (!frame || !frame.dataset.words) return '';
      words = JSON.parse(frame.dataset.words);
    }
    return (words[key] || '').replace(/\{(\w+)\}/g, (whole, name) => String(values && name in values ? values[name] : whole));
  }

  function duration(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 60) return say('seconds', {n: seconds});
    if (seconds < 3600) return say('minutes', {n: Math.floor(seconds / 60)});
    if (seconds < 86400) return say('hours', {n: Math.floor(seconds / 3600)}) + ' ' + say('minutes', {n: Math.floor(seconds % 3600 / 60)});
    return say('days', {n: Math.floor(seconds / 86400)});
  }

  function clock(ms, withSeconds, zone) {
    // Else the zone of the times on screen, not the browser's.
    const options = {hour: '2-digit', minute: '2-digit', hour12: false, timeZone: zone || document.getElementById('frame').dataset.zone};
    if (withSeconds) options.second = '2-digit';
    return new Intl.DateTimeFormat(document.documentElement.lang, options).format(new Date(ms));
  }

  /* ------------------------------------------------------------------ session */

  /* A session that ended leads to the login page; Dash itself would tick on in silence. */
  function toLogin() {
    location.assign('/login?next=' + encodeURIComponent(location.pathname + location.search));
  }

  for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart'])
    window.addEventListener(kind, () => { lastTouch = Date.now(); }, {passive: true, capture: true});

  window.fetch = async function (resource, options) {
    const url = new URL(resource instanceof Request ? resource.url : String(resource), location.href);
    if (url.origin !== location.origin) return nativeFetch(resource, options);
    const headers = new Headers((options && options.headers) || (resource instanceof Request ? resource.headers : undefined));
    // Only what a person does keeps a session alive.
    headers.set('X-Portal-Idle', String(Math.round((Date.now() - lastTouch) / 1000)));
    const response = await nativeFetch(resource, Object.assign({}, options, {headers: headers}));
    if (response.status === 401) toLogin();
    return response;
  };

  /* ------------------------------------------------------------------ tick */

  /* A header of `name=seconds,…` as pairs. */
  function seconds(response, header) {
    const parts = (response.headers.get(header) || '').split(',').filter(Boolean);
    return parts.map((part) => part.split('=')).map(([name, figure]) => [name, Number(figure)]);
  }

  async function ask() {
    const headers = live.etag ? {'If-None-Match': live.etag} : {};
    const response = await window.fetch('/tick?page=' + encodeURIComponent(location.pathname), {
      headers: headers, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.status !== 304 && !response.ok) throw new Error(String(response.status));
    const now = Date.now();
    for (const [name, age] of seconds(response, 'X-Portal-Ages')) live.answered[name] = now - 1000 * age;
    for (const [name, rest] of seconds(response, 'X-Portal-Next-Tries')) live.due[name] = now + 1000 * rest;
    if (response.status === 304) return;
    live.etag = response.headers.get('ETag');
    const body = await response.json();
    live.topics = body.topics;
    live.sources = body.sources;
    live.counts = body.counts;
  }

  async function tick(_intervals, ...known) {
    const same = known.map(() => window.dash_clientside.no_update);
    if (live.asking) return same;
    live.asking = true;
    try {
      await ask();
      live.lostSince = null;
    } catch (error) {
      live.lostSince = live.lostSince || Date.now();
    } finally {
      live.asking = false;
    }
    draw();
    // The stores come in the order of PAGE_TOPICS.
    return document.getElementById('frame').dataset.topics.split(' ').map((topic, place) =>
      topic in live.topics && live.topics[topic] !== known[place] ? live.topics[topic] : window.dash_clientside.no_update);
  }

  function setPace() {
    window.dash_clientside.set_props('frame-tick', {interval: document.hidden ? HIDDEN_MS : openMs});
  }

  document.addEventListener('visibilitychange', setPace);

  /* A page was entered: its pace, its place in the navigation, and its own topics at once. */
  function entered(path, paces) {
    openMs = (paces && paces[path]) || 5000;
    live.etag = null;
    for (const link of document.querySelectorAll('a.hp-navlink, a.hp-tab')) {
      if (link.getAttribute('href') === path) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    return document.hidden ? HIDDEN_MS : openMs;
  }

  /* ------------------------------------------------------------------ what moves every second */

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  const ICONS = {warn: 'hourglass-split', stale: 'wifi-off'};

  function ageOf(name) {
    const source = live.sources[name];
    const answered = live.answered[name];
    if (!source) return null;
    if (answered === undefined) return {kind: source.state === 'down' ? 'stale' : '', text: say('never')};
    const age = duration(Date.now() - answered);
    if (source.state === 'down' || source.state === 'unwatched')
      return {kind: 'stale', text: say('as_of', {time: clock(answered, true), age: age})};
    if (source.state === 'slow') return {kind: 'warn', text: say('slow', {age: age})};
    return {kind: '', text: say('updated', {age: age})};
  }

  function drawChip(chip) {
    const age = ageOf(chip.dataset.age);
    if (!age) return;
    const kind = age.kind || 'fresh';
    if (chip.dataset.kind !== kind) {
      chip.dataset.kind = kind;
      chip.className = ('hp-age ' + age.kind).trim();
      const mark = document.createElement(age.kind ? 'i' : 'span');
      mark.className = age.kind ? 'bi bi-' + ICONS[age.kind] : 'dot';
      mark.setAttribute('aria-hidden', 'true');
      chip.replaceChildren(mark, document.createElement('span'));
    }
    write(chip.lastElementChild, age.text);
    document.documentElement.classList.toggle('hp-source-down', age.kind === 'stale');
  }

  function drawCount(place) {
    const down = Object.values(live.sources).some((source) => source.state === 'down' || source.state === 'unwatched');
    const count = live.counts[place.dataset.count];
    place.classList.toggle('warn', down);
    write(place, down ? say('silent') : count === undefined ? '' : new Intl.NumberFormat(document.documentElement.lang).format(count));
  }

  function drawLost() {
    const lost = document.getElementById('frame-lost');
    if (!lost) return;
    lost.hidden = live.lostSince === null;
    write(lost, live.lostSince === null ? '' : say('lost', {time: clock(live.lostSince, true)}));
  }

  function draw() {
    const now = Date.now();
    document.querySelectorAll('[data-age]').forEach(drawChip);
    document.querySelectorAll('[data-source-age]').forEach((place) => {
      const answered = live.answered[place.dataset.sourceAge];
      if (answered !== undefined) write(place, duration(now - answered));
    });
    document.querySelectorAll('[data-count]').forEach(drawCount);
    document.querySelectorAll('[data-since]').forEach((place) => write(place, duration(now - Number(place.dataset.since))));
    document.querySelectorAll('[data-next-try]').forEach((place) => {
      const due = live.due[place.dataset.nextTry];
      if (due !== undefined) write(place, duration(due - now));
    });
    document.querySelectorAll('[data-there]').forEach((place) =>
      write(place, clock(now + 3600000 * Number(place.dataset.ahead), false, place.dataset.there)));
    drawLost();
  }

  setInterval(draw, 1000);

  /* ------------------------------------------------------------------ parts drawn by shared routes */

  /* Asks `route` for parts of a page and shows them. One question is under way at a time, and what comes meanwhile is
     asked after it: were each new one to overtake the one before, a slow source would keep the page from ever showing
     anything. Unless the page shows them in a way of its own (`show`, of body and status), they are
     {"id": {"property": value}}. */
  class Drawing {
    constructor(route, show) {
      this.route = route;
      this.show = show || ((body) => 'error' in body ? showToast(body.error) : this.put(body));
      this.waiting = null;
      this.isAsking = false;
      this.shown = {};
    }

    /* The page was laid out anew: nothing of what was put in is there any more. */
    forget() { this.shown = {}; }

    async ask(query) {
      this.waiting = query;
      if (this.isAsking) return;
      this.isAsking = true;
      try {
        while (this.waiting !== null) {
          const asked = this.waiting;
          const page = location.pathname;
          this.waiting = null;
          const answer = await this.answer(asked);
          const isWanted = (this.waiting === null || this.waiting === asked) && location.pathname === page;
          if (answer && isWanted) this.show(answer.body, answer.status);
        }
      } finally {
        this.isAsking = false;
      }
    }

    async answer(query) {
      try {
        const response = await window.fetch(this.route + '?' + query, {signal: AbortSignal.timeout(DRAWING_MS)});
        return {body: await response.json(), status: response.status};
      } catch (error) {
        // The portal gave no answer: the tick tells since when, and what is on the page stays.
        return null;
      }
    }

    /* What changed; an answer that refuses the question says so in parts of its own. */
    put(parts) {
      for (const [id, properties] of Object.entries(parts)) {
        const text = JSON.stringify(properties);
        if (this.shown[id] === text) continue;
        this.shown[id] = text;
        window.dash_clientside.set_props(id, properties);
      }
    }
  }

  /* ------------------------------------------------------------------ the focus outlives a redraw */

  /* What a callback draws anew is new to the browser too: whoever had the focus in it gets it back in the same
     place. The grid looks after its cells itself. */
  let focused = null;
  const redrawn = new MutationObserver(() => {
    if (focused === null || focused.element.isConnected || document.activeElement !== document.body) return;
    const again = [...focused.home.querySelectorAll(focused.element.tagName)].find((one) => likeness(one) === focused.likeness);
    if (again) again.focus({preventScroll: true});
  });

  function likeness(element) {
    return element.dataset.operator || element.getAttribute('aria-label') || element.textContent;
  }

  function remember(element) {
    redrawn.disconnect();
    const home = element && element.closest('.ag-root') === null && element.parentElement && element.parentElement.closest('[id]');
    focused = home ? {element: element, home: home, likeness: likeness(element)} : null;
    if (home) redrawn.observe(home, {childList: true, subtree: true});
  }

  document.addEventListener('focusin', (event) => remember(event.target));
  document.addEventListener('pointerdown', () => remember(null), {capture: true});

  /* ------------------------------------------------------------------ toasts, copying, theme, language */

  let toastTimer = null;

  function showToast(text) {
    const place = document.getElementById('frame-toasts');
    if (!place) return;
    const toast = document.createElement('div');
    toast.className = 'hp-toast';
    toast.textContent = text;
    place.replaceChildren(toast);
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => place.replaceChildren(), 6000);
  }

  function toast(data) {
    if (data && data.text) showToast(data.text);
    return window.dash_clientside.no_update;
  }

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      showToast(say('copied', {text: text}));
    } catch (error) {
      showToast(say('copy_failed'));
    }
  }

  async function changeLanguage(language) {
    await window.fetch('/language', {method: 'POST', body: new URLSearchParams({language: language})});
    location.reload();
  }

  /* Charts carry their colours in their figures: they are drawn again. Styles and the grid follow by themselves. */
  window.addEventListener('portal:theme', (event) => window.dash_clientside.set_props('frame-theme', {data: event.detail.shown}));

  document.addEventListener('click', (event) => {
    const copied = event.target.closest('[data-copy]');
    if (copied) copy(copied.dataset.copy);
    const closed = event.target.closest('[data-close-details]');
    if (closed) window.dash_clientside.set_props(closed.dataset.closeDetails, {is_open: false});
    const language = event.target.closest('[data-language]');
    if (language) changeLanguage(language.dataset.language);
    if (event.target.closest('[data-theme-switch]')) window.portalTheme.next();
    for (const menu of document.querySelectorAll('details.hp-menu[open]'))
      if (!menu.contains(event.target)) menu.open = false;
  });

  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape')
      for (const menu of document.querySelectorAll('details.hp-menu[open]')) {
        menu.open = false;
        menu.querySelector('summary').focus();
      }
    const typing = event.target.closest && event.target.closest('input, textarea, select, [contenteditable]');
    if (event.key === '/' && !typing) {
      const search = document.querySelector('[data-search] input, input[data-search]');
      if (search) { event.preventDefault(); search.focus(); }
    }
  });

  /* Open on a press of the button, close when another page was entered. */
  function more() {
    return window.dash_clientside.callback_context.triggered_id === 'frame-more-open';
  }

  window.portal = {say: say, duration: duration, clock: clock, toast: showToast, live: live, Drawing: Drawing};
  window.dash_clientside = Object.assign({}, window.dash_clientside, {
    frame: {tick: tick, entered: entered, toast: toast, more: more},
  });
})();
