/* Draws trees of nodes (portal/ui/tree.py) and, the next time, changes only what differs: focus, scrolling, marked
   text and what is open outlive it. A node is a text or [tag, attributes, ...children]. Siblings that carry `data-key`
   keep their elements when their order changes. */
(function () {
  'use strict';

  /* What each element was drawn from. What a script or a person changed since is compared with that, not with the page. */
  const drawn = new WeakMap();

  const keyOf = (node) => typeof node === 'string' ? undefined : node[1]['data-key'];
  const kindOf = (node) => typeof node === 'string' ? '#text' : node[0];

  function create(node) {
    if (typeof node === 'string') return document.createTextNode(node);
    const element = document.createElement(node[0]);
    setAttributes(element, {}, node[1]);
    setChildren(element, [], node.slice(2));
    return element;
  }

  function change(place, before, after) {
    if (typeof after === 'string') { if (before !== after) place.data = after; return; }
    setAttributes(place, before[1], after[1]);
    setChildren(place, before.slice(2), after.slice(2));
  }

  function setAttributes(element, before, after) {
    for (const name of Object.keys(before)) if (!(name in after) && name !== 'style') element.removeAttribute(name);
    for (const [name, value] of Object.entries(after)) {
      if (name === 'style') setStyle(element, before.style || {}, value);
      else if (before[name] === value) continue;
      else if (name === 'value') element.value = value;
      else element.setAttribute(name, value);
    }
    if (before.style && !after.style) element.removeAttribute('style');
  }

  function setStyle(element, before, after) {
    for (const name of Object.keys(before)) if (!(name in after)) element.style.removeProperty(name);
    for (const [name, value] of Object.entries(after)) if (before[name] !== value) element.style.setProperty(name, value);
  }

  function setChildren(parent, before, after) {
    const places = [...parent.childNodes].slice(0, before.length);
    const keyed = new Map(before.map((node, at) => [keyOf(node), at]).filter(([key]) => key !== undefined));
    const kept = new Set();
    const next = after.map((node, at) => {
      const key = keyOf(node);
      const from = key === undefined ? at : keyed.get(key);
      const like = from !== undefined && before[from] !== undefined && kindOf(before[from]) === kindOf(node)
        && keyOf(before[from]) === key;
      if (!like) return create(node);
      kept.add(from);
      change(places[from], before[from], node);
      return places[from];
    });
    places.forEach((place, at) => { if (!kept.has(at)) place.remove(); });
    next.forEach((place, at) => { if (parent.childNodes[at] !== place) parent.insertBefore(place, parent.childNodes[at] || null); });
    // Chosen when the options are there.
    if (parent.tagName === 'SELECT' && parent.dataset.chosen !== undefined) parent.value = parent.dataset.chosen;
  }

  /* Draw `nodes` in `parent`, whose children are nobody else's. */
  function draw(parent, nodes) {
    const focused = document.activeElement;
    setChildren(parent, drawn.get(parent) || [], nodes);
    drawn.set(parent, nodes);
    // An element that moved to another place lost the focus on its way.
    if (focused && focused !== document.activeElement && parent.contains(focused)) focused.focus({preventScroll: true});
  }

  window.portalPatch = {draw: draw};
})();
