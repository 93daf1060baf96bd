// Makes the children of one element like those of another with as few changes as possible: what has the
// focus, is pressed, typed into or folded open stays as it is. Elements are matched by id.
const key = (node) => (node.nodeType === Node.ELEMENT_NODE ? node.id : "");
const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && key(a) === key(b);

function attributes(from, to) {
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !(name === "open" && from.nodeName === "DETAILS")) from.removeAttribute(name);
  }
  for (const { name, value } of [...to.attributes]) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
}

function node(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (from.hasAttribute("data-keep")) return;
  attributes(from, to);
  children(from, to);
}

function children(from, to) {
  const named = new Map();
  for (const child of from.children) if (child.id) named.set(child.id, child);
  let place = from.firstChild;
  for (const next of [...to.childNodes]) {
    let match = key(next) ? named.get(key(next)) : null;
    if (!match && place && alike(place, next)) match = place;
    if (!match || match.nodeName !== next.nodeName) {
      from.insertBefore(document.importNode(next, true), place);
      continue;
    }
    if (match === place) place = place.nextSibling;
    else from.insertBefore(match, place);
    node(match, next);
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

/** `to`: an element (of a parsed document). If what had the focus is gone, `from` gets it. */
export function morph(from, to) {
  const focused = from.contains(document.activeElement) ? document.activeElement : null;
  children(from, to);
  if (!focused || document.activeElement === focused) return;
  (focused.isConnected ? focused : from).focus({ preventScroll: true });
}

/** An element that holds the parsed fragment; nothing in it runs. */
export function parse(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}
