/* A screen on the wall: asks /wall/state every few seconds and writes the answer into places that are on the page
   from the start. It runs for weeks, so it adds no element, listener or timer after its beginning. */
(function () {
  'use strict';

  const ASK_MS = 4000;
  // Nothing but a new link mends a link that does not hold.
  const ASK_ENDED_MS = 60000;
  const PATIENCE_MS = 10000;
  // Two web processes of different versions may answer in turn: no loading again and again.
  const FRESH_MS = 60000;
  const NIGHT_HOUR = 4;
  const DAY_MS = 20 * 3600000;
  const VIEWS = ['day', 'operators', 'sources'];
  const AGE_ICONS = {ok: 'check-circle-fill', warn: 'hourglass-split', stale: 'wifi-off'};
  const WAY_ICONS = {up: 'caret-up-fill', down: 'caret-down-fill', same: 'dash-lg'};
  const PAUSE_ICONS = {running: 'pause-circle-fill', paused: 'play-circle-fill'};
  const LOST_ICONS = {lost: 'wifi-off'};
  // In tenths of a rem.
  const SHIFTS = [[0, 0], [2, 1], [3, 3], [1, 4], [-1, 3], [-3, 1], [-2, -2], [0, -3], [2, -1]];

  const born = performance.now();
  const root = document.documentElement;
  const dark = window.matchMedia('(prefers-color-scheme: dark)');

  function chooseTheme() {
    if (root.dataset.theme === 'system') root.setAttribute('data-bs-theme', dark.matches ? 'dark' : 'light');
  }

  // Before the first paint: this script stands in the head.
  chooseTheme();
  dark.addEventListener('change', chooseTheme);

  const wall = {etag: null, ahead: 0, answered: {}, shown: null, lostSince: null, asking: false, askedAt: -Infinity, ended: false,
    view: 0, viewedAt: 0, paused: false};
  let words = {};
  let clocks = null;

  const $ = (id) => document.getElementById(id);
  const now = () => Date.now() + wall.ahead;

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  function look(element, name) {
    if (element.className !== name) element.className = name;
  }

  function mark(element, name) {
    look(element, name ? 'bi bi-' + name : 'bi');
  }

  function say(key, values) {
    return words[key].replace(/\{(\w+)\}/g, (_whole, name) => values[name]);
  }

  function duration(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 60) return say('seconds', {n: seconds});
    if (seconds < 3600) return say('minutes', {n: Math.floor(seconds / 60)});
    if (seconds < 86400) return say('hours', {n: Math.floor(seconds / 3600)}) + ' ' + say('minutes', {n: Math.floor(seconds % 3600 / 60)});
    return say('days', {n: Math.floor(seconds / 86400)});
  }

  /* ------------------------------------------------------------------ asking */

  async function ask() {
    wall.asking = true;
    wall.askedAt = performance.now();
    try {
      const response = await fetch('/wall/state', {
        headers: wall.etag ? {'If-None-Match': wall.etag} : {}, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status === 403) end(await response.json());
      else if (response.status === 304 || response.ok) await hear(response);
      else throw new Error(String(response.status));
      wall.lostSince = null;
    } catch (error) {
      if (wall.lostSince === null) wall.lostSince = now();
    } finally {
      wall.asking = false;
    }
    draw();
  }

  async function hear(response) {
    const began = Date.parse(response.headers.get('Date') || '');
    // A television's clock may be wrong by years; the portal's counts. Within a second they agree.
    if (began && Math.abs(began - Date.now() - wall.ahead) > 2000) wall.ahead = began - Date.now();
    for (const part of (response.headers.get('X-Portal-Ages') || '').split(',').filter(Boolean)) {
      const [name, age] = part.split('=');
      wall.answered[name] = now() - 1000 * Number(age);
    }
    wall.ended = false;
    $('ended').hidden = true;
    $('stage').hidden = false;
    if (response.status === 304) return reloadIfDue();
    wall.shown = await response.json();
    wall.etag = response.headers.get('ETag');
    drawShown(wall.shown);
    return reloadIfDue();
  }

  /* In large words what to do; the figures go, for the right to see them is gone. */
  function end(reason) {
    wall.ended = true;
    wall.etag = null;
    wall.shown = null;
    $('stage').hidden = true;
    const place = $('ended');
    write(place.querySelector('b'), reason.title);
    write(place.querySelector('p'), reason.text);
    place.hidden = false;
  }

  /* Only right after an answer, and after the page itself was had: a browser's own error page never comes back. */
  async function reloadIfDue() {
    const age = performance.now() - born;
    const changed = wall.shown && wall.shown.stamp !== document.body.dataset.stamp && age > FRESH_MS;
    const night = age > DAY_MS && Number(parts(now()).hour) === NIGHT_HOUR;
    if (!changed && !night) return;
    const page = await fetch('/wall', {cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS)});
    if (page.ok) location.reload();
  }

  /* ------------------------------------------------------------------ what an answer changes */

  function drawShown(shown) {
    write($('day'), shown.missing || shown.day);
    document.querySelectorAll('.wl-figure').forEach((place, at) => drawFigure(place, shown.figures[at]));
    if (shown.hours) drawHours(shown.hours);
    drawPeople(shown.operators || {shown: [], rest: ''});
    document.querySelectorAll('.wl-source').forEach((place) => drawSource(place, shown.sources[place.dataset.source]));
  }

  function drawFigure(place, figure) {
    write(place.querySelector('.v span'), figure.value);
    write(place.querySelector('.v small'), figure.more);
    const change = figure.change;
    look(place.querySelector('.d'), 'd' + (change ? ' ' + change.kind : ''));
    mark(place.querySelector('.d i'), change ? WAY_ICONS[change.way] : '');
    write(place.querySelector('.d b'), change ? change.text : '');
    write(place.querySelector('.d span'), figure.below);
  }

  function drawHours(hours) {
    const most = hours.most || 1;
    document.querySelectorAll('.wl-hour').forEach((place, hour) => {
      place.hidden = hour < hours.first || hour > hours.last;
      look(place, hour === hours.running ? 'wl-hour running' : 'wl-hour');
      // No call in an hour that has come is a figure, an hour to come has none.
      write(place.querySelector('.n'), hour > hours.running ? '' : String(hours.now[hour]));
      place.querySelector('.now').style.height = 100 * hours.now[hour] / most + '%';
      const then = place.querySelector('.then');
      then.hidden = !hours.then || !hours.then[hour];
      if (hours.then) then.style.height = 100 * hours.then[hour] / most + '%';
    });
    $('then-name').hidden = !hours.then;
    write($('then-name').lastElementChild, hours.then_name);
    $('bars').setAttribute('aria-label', hours.spoken);
  }

  function drawPeople(people) {
    document.querySelectorAll('#people li').forEach((place, at) => {
      const person = people.shown[at];
      place.hidden = !person;
      if (!person) return;
      write(place.querySelector('b'), person.name);
      write(place.querySelector('.n'), person.calls);
      place.querySelector('.t span').style.width = 100 * person.share + '%';
    });
    $('no-people').hidden = people.shown.length > 0;
    write($('rest'), people.rest);
  }

  function drawSource(place, source) {
    if (!source) return; // the page has a place for it until it loads itself again
    look(place, ('wl-source ' + source.kind).trim());
    mark(place.querySelector('i'), source.icon);
    write(place.querySelector('.w'), source.word);
    write(place.querySelector('.x'), source.advice);
  }

  /* ------------------------------------------------------------------ what every second changes */

  function parts(ms) {
    const found = {};
    for (const part of clocks.formatToParts(new Date(ms))) found[part.type] = part.value;
    return found;
  }

  function clock(ms, withSeconds) {
    const at = parts(ms);
    return at.hour + ':' + at.minute + (withSeconds ? ':' + at.second : '');
  }

  function draw() {
    write($('clock'), clock(now(), false));
    const [x, y] = SHIFTS[Math.floor((performance.now() - born) / 60000) % SHIFTS.length];
    $('stage').style.transform = 'translate(' + x / 10 + 'rem,' + y / 10 + 'rem)';
    if (!wall.shown) return drawTrouble(null);
    const trouble = wall.shown.trouble;
    const isStale = wall.lostSince !== null || (trouble !== null && trouble.stale);
    $('stage').classList.toggle('wl-stale', isStale);
    drawTrouble(trouble);
    drawAge(isStale, trouble);
    document.querySelectorAll('.wl-figure').forEach((place, at) => {
      const began = wall.shown.figures[at].at;
      // The time of data that is not current stands still.
      if (began !== null) write(place.querySelector('.d span'), isStale ? '' : say('ago', {age: duration(now() - began)}));
    });
    document.querySelectorAll('.wl-source').forEach((place) => drawSourceAge(place, wall.shown.sources[place.dataset.source]));
  }

  function drawTrouble(trouble) {
    const place = $('trouble');
    const isLost = wall.lostSince !== null;
    place.hidden = !isLost && trouble === null;
    if (place.hidden) return;
    look(place, 'wl-trouble ' + (isLost ? 'crit' : trouble.kind));
    mark(place.querySelector('i'), isLost ? LOST_ICONS.lost : trouble.icon);
    write(place.querySelector('b'), isLost ? say('lost', {time: clock(wall.lostSince, false)}) : trouble.what);
    const since = isLost ? wall.lostSince : trouble.since;
    write(place.querySelector('.for'), since === null ? '' : ', ' + say('for', {age: duration(now() - since)}));
    write(place.querySelector('.do'), isLost ? say('lost_more', {}) : trouble.do);
  }

  function drawAge(isStale, trouble) {
    const answered = wall.answered[document.body.dataset.source];
    const kind = isStale ? 'stale' : trouble ? 'warn' : 'ok';
    look($('age'), 'wl-age ' + kind);
    mark($('age').firstElementChild, answered === undefined ? '' : AGE_ICONS[kind]);
    const age = answered === undefined ? '' : duration(now() - answered);
    const text = isStale ? 'as_of' : 'updated';
    write($('age').lastElementChild, answered === undefined ? '' : say(text, {age: age, time: clock(answered, true)}));
  }

  function drawSourceAge(place, source) {
    if (!source) return;
    const answered = wall.answered[place.dataset.source];
    const isWell = (source.state === 'ok' || source.state === 'slow') && answered !== undefined && wall.lostSince === null;
    const bad = [source.since, source.known].filter(Boolean).join(' · ');
    write(place.querySelector('.a'), isWell ? say('answered', {age: duration(now() - answered)}) : bad);
  }

  /* ------------------------------------------------------------------ views */

  function show(view) {
    wall.view = (view + VIEWS.length) % VIEWS.length;
    wall.viewedAt = performance.now();
    document.querySelectorAll('.wl-view').forEach((place) => { place.hidden = place.dataset.view !== VIEWS[wall.view]; });
    document.querySelectorAll('[data-show]').forEach((button) => {
      if (button.dataset.show === VIEWS[wall.view]) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
    });
    remember();
  }

  function pause(isPaused) {
    wall.paused = isPaused;
    wall.viewedAt = performance.now();
    const button = $('pause');
    button.setAttribute('aria-pressed', String(isPaused));
    mark(button.querySelector('i'), isPaused ? PAUSE_ICONS.paused : PAUSE_ICONS.running);
    write(button.querySelector('span'), say(isPaused ? 'go_on' : 'pause', {}));
    remember();
  }

  /* So that the screen is as it was after it loaded itself again. */
  function remember() {
    sessionStorage.setItem('wall', JSON.stringify({view: wall.view, paused: wall.paused}));
  }

  function everySecond() {
    const present = performance.now();
    if (!wall.asking && present - wall.askedAt >= (wall.ended ? ASK_ENDED_MS : ASK_MS)) ask();
    const rotation = 1000 * Number(document.body.dataset.rotation);
    if (rotation && !wall.paused && present - wall.viewedAt >= rotation) show(wall.view + 1);
    if (!wall.ended) draw();
  }

  function press(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const onButton = event.target.closest('button');
    if (event.key === ' ' && !onButton) { event.preventDefault(); pause(!wall.paused); }
    if (event.key === 'ArrowRight') show(wall.view + 1);
    if (event.key === 'ArrowLeft') show(wall.view - 1);
  }

  function start() {
    words = JSON.parse(document.body.dataset.words);
    clocks = new Intl.DateTimeFormat('en-GB', {hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false, timeZone: document.body.dataset.zone});
    wall.ended = !$('ended').hidden;
    const before = JSON.parse(sessionStorage.getItem('wall') || '{"view": 0, "paused": false}');
    show(before.view);
    pause(before.paused);
    document.addEventListener('keydown', press);
    document.addEventListener('click', (event) => {
      const chosen = event.target.closest('[data-show]');
      if (chosen) show(VIEWS.indexOf(chosen.dataset.show));
      if (event.target.closest('#pause')) pause(!wall.paused);
    });
    setInterval(everySecond, 1000);
    // A page whose link does not hold was told so just now.
    if (wall.ended) wall.askedAt = performance.now();
    else ask();
  }

  document.addEventListener('DOMContentLoaded', start);
})();
