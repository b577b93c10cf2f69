/* The pages of the telephony routes. Elements the script fills:
     data-running="ms"         a duration from then to now, as 0:48
     data-age="ms"             an age from then to now, written into the element's data-text
     data-part="name"          a part that is put in anew when the portal has something newer
   Asked again is data-address of the page; data-ask says how: "soon" while a card is not complete, "calm" while the
   call goes on, and not at all otherwise. */
(function () {
  'use strict';

  const SOON_MS = [300, 600, 1200, 2500, 5000];
  const CALM_MS = 15000;
  const PATIENCE_MS = 10000;
  const LONGEST_MS = 12 * 3600 * 1000;
  const page = document.getElementById('card');
  const words = JSON.parse(page.dataset.words);
  const openedAt = Date.now();
  // The portal's clock, not this computer's.
  let ahead = Number(page.dataset.now) - openedAt;
  let asked = 0;
  const parts = {};

  function say(key, values) {
    return (words[key] || '').replace(/\{(\w+)\}/g, (whole, name) => String(values && name in values ? values[name] : whole));
  }

  function write(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }

  /* ------------------------------------------------------------------ times */

  function clock(ms) {
    const seconds = Math.max(0, Math.floor(ms / 1000));
    const two = (number) => String(number).padStart(2, '0');
    const rest = two(seconds % 60);
    return seconds < 3600 ? Math.floor(seconds / 60) + ':' + rest : Math.floor(seconds / 3600) + ':' + two(Math.floor(seconds % 3600 / 60)) + ':' + rest;
  }

  function age(ms) {
    const seconds = Math.max(0, Math.round(ms / 1000));
    if (seconds < 60) return say('seconds', {n: seconds});
    if (seconds < 3600) return say('minutes', {n: Math.floor(seconds / 60)});
    if (seconds < 86400) return say('hours', {n: Math.floor(seconds / 3600)});
    return say('days', {n: Math.floor(seconds / 86400)});
  }

  function draw() {
    const now = Date.now() + ahead;
    for (const element of document.querySelectorAll('[data-running]')) write(element, clock(now - Number(element.dataset.running)));
    for (const element of document.querySelectorAll('[data-age]')) write(element, element.dataset.text.replace('{age}', age(now - Number(element.dataset.age))));
  }

  /* ------------------------------------------------------------------ what is newer */

  function known(root) {
    const found = {};
    for (const element of root.querySelectorAll('[data-part]')) found[element.dataset.part] = element.outerHTML;
    return found;
  }

  function take(text) {
    const newer = new DOMParser().parseFromString(text, 'text/html').getElementById('card');
    // A call whose agency is known by now has a page of another kind.
    if (!newer || newer.querySelectorAll('[data-part]').length !== page.querySelectorAll('[data-part]').length) {
      if (newer) location.replace(page.dataset.address);
      return;
    }
    for (const [name, html] of Object.entries(known(newer))) {
      if (parts[name] === html) continue;
      parts[name] = html;
      const place = page.querySelector('[data-part="' + name + '"]');
      const isOpen = place.querySelector('details[open]');
      place.replaceWith(document.importNode(newer.querySelector('[data-part="' + name + '"]'), true));
      if (isOpen) for (const details of page.querySelectorAll('[data-part="' + name + '"] details')) details.open = true;
    }
    page.dataset.ask = newer.dataset.ask;
    ahead = Number(newer.dataset.now) - Date.now();
    draw();
  }

  async function ask() {
    try {
      if (!document.hidden) {
        const response = await fetch(page.dataset.address, {headers: {Accept: 'text/html'}, cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS)});
        if (response.ok) take(await response.text());
      }
    } catch (error) {
      // The next question may be answered; meanwhile the age of what is shown runs on.
    }
    plan();
  }

  function plan() {
    const how = page.dataset.ask;
    if (!page.dataset.address || !how || Date.now() - openedAt > LONGEST_MS) return;
    setTimeout(ask, how === 'soon' && asked < SOON_MS.length ? SOON_MS[asked] : CALM_MS);
    asked += 1;
  }

  /* ------------------------------------------------------------------ theme */

  function told(kind, icon, text) {
    const place = document.getElementById('saved');
    place.className = 'hp-s mt-2 cd-saved ' + kind;
    place.querySelector('i').className = icon ? 'bi bi-' + icon : 'bi';
    write(place.querySelector('span'), text);
  }

  const ICONS = {ok: 'check-circle-fill', bad: 'x-circle-fill', busy: 'hourglass-split'};
  let latest = 0;

  async function choose(button) {
    const form = button.form;
    const mine = latest += 1;
    told('', ICONS.busy, say('saving'));
    let answer;
    try {
      const body = new URLSearchParams({call: form.elements.call.value, theme: button.value});
      const response = await fetch(form.action, {method: 'POST', body: body, headers: {Accept: 'application/json'}, signal: AbortSignal.timeout(PATIENCE_MS)});
      answer = await response.json();
    } catch (error) {
      answer = {status: 'error', message: say('not_saved')};
    }
    if (mine !== latest) return;  // another was chosen meanwhile
    if (answer.status !== 'success') {
      told('bad', ICONS.bad, answer.message || answer.error || say('not_saved'));
      return;
    }
    for (const other of form.querySelectorAll('button')) {
      other.classList.toggle('active', other === button);
      other.setAttribute('aria-pressed', String(other === button));
    }
    told('ok', ICONS.ok, answer.message);
    const shown = document.getElementById('theme');
    if (shown) {
      shown.classList.remove('none');
      write(shown, answer.theme);
    }
  }

  document.addEventListener('submit', (event) => {
    if (event.target.id !== 'themes' || !event.submitter) return;
    event.preventDefault();
    choose(event.submitter);
  });

  document.addEventListener('keydown', (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat || !/^[1-9]$/.test(event.key)) return;
    if (event.target.closest('input, textarea, select')) return;
    const key = [...document.querySelectorAll('#themes kbd')].find((one) => one.textContent === event.key);
    if (key) choose(key.closest('button'));
  });

  /* ------------------------------------------------------------------ copying */

  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch (error) {
      // No clipboard without TLS, or none for a page in a frame: the older way may still work.
      const field = Object.assign(document.createElement('textarea'), {value: text, className: 'visually-hidden'});
      document.body.append(field);
      field.select();
      const done = document.execCommand('copy');
      field.remove();
      return done;
    }
  }

  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    const done = await copy(button.dataset.copy);
    button.lastChild.textContent = done ? say('copied', {text: button.dataset.copy}) : say('copy_failed');
  });

  /* ------------------------------------------------------------------ begin */

  Object.assign(parts, known(document));
  // From here on the page is the call's: loading it again reports nothing.
  if (page.dataset.address) history.replaceState(null, '', page.dataset.address);
  draw();
  setInterval(draw, 1000);
  plan();
})();
