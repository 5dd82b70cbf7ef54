// Draws the faces of the page's JSON: those that pass the filters, a few at a time as one scrolls.
const BATCH = 48;
const at = id => document.getElementById(id);
const content = JSON.parse(at("content").textContent);
const plain = name => name.replaceAll("_", " ").replace(/:(?=\S)/g, ": ");
const faces = content.faces.map(([id, picture, width, height, source, fates, attributes, scores, altText, status, captions]) =>
  ({ id, picture, width, height, source, fates, attributes, scores, altText, status, captions }));
const chosen = new Set();
let shown = faces, drawn = 0;
const end = new IntersectionObserver(entries => {
  if (entries.some(entry => entry.isIntersecting)) more();
}, { rootMargin: "1500px" });

// Text is put in as text, never as markup: it comes from the data.
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// What can be searched, made when it is first asked for.
function wordsOf(face) {
  face.words ??= [face.id, face.altText, ...face.attributes.map(i => plain(content.attributes[i][0])),
    ...face.captions.flat().filter(Boolean).map(plain)].join("\n").toLowerCase();
  return face.words;
}

function passes() {
  const words = at("text").value.toLowerCase().split(/\s+/).filter(Boolean);
  const [source, fate, score] = ["source", "fate", "score"].map(id => at(id).value);
  const [least, most] = ["least", "most"].map(id => at(id).valueAsNumber);
  const bounded = score !== "" && !(Number.isNaN(least) && Number.isNaN(most));
  const within = value => value !== null && !(value < least) && !(value > most);
  return face => (source === "" || face.source === Number(source))
    && (fate === "" || face.fates.includes(Number(fate)))
    && [...chosen].every(place => face.attributes.includes(place))
    && (!bounded || within(face.scores[score]))
    && words.every(word => wordsOf(face).includes(word));
}

function inOrder(list) {
  const score = at("score").value, sign = { lowest: 1, highest: -1 }[at("order").value];
  if (score === "" || !sign) return list;
  const known = list.filter(face => face.scores[score] !== null);
  const unknown = list.filter(face => face.scores[score] === null);
  return [...known.sort((a, b) => sign * (a.scores[score] - b.scores[score])), ...unknown];
}

function filter() {
  shown = inOrder(faces.filter(passes()));
  drawn = 0;
  at("faces").replaceChildren();
  more();
  for (const id of ["least", "most", "order"]) at(id).disabled = at("score").value === "";
  const all = faces.length.toLocaleString("en");
  at("shown").textContent = shown.length === faces.length ? `${all} faces`
    : `${shown.length.toLocaleString("en")} of ${all} faces`;
}

function more() {
  at("faces").append(...shown.slice(drawn, drawn + BATCH).map(draw));
  drawn = Math.min(shown.length, drawn + BATCH);
  // Watched anew, it speaks up again where the page is still not full.
  end.unobserve(at("end"));
  if (drawn < shown.length) end.observe(at("end"));
}

function draw(face) {
  const picture = element("img", { src: `thumbnails/${encodeURIComponent(face.picture)}`, alt: `Face ${face.id}`,
    width: content.px, height: content.px, loading: "lazy", decoding: "async" });
  const facts = element("div", {}, picture, element("small", {}, face.id),
    element("small", {}, `${face.width} × ${face.height} px`));
  const scores = content.measures.flatMap((name, i) => face.scores[i] === null ? [] : `${name} ${face.scores[i]}`);
  const chips = element("ul", { className: "chips" }, ...face.attributes.map(i => element("li", {}, chip(i))));
  const texts = element("dl", {}, ...face.captions.flatMap(caption));
  if (!face.captions.length)
    texts.append(element("dt", {}, `no caption: ${plain(face.status ?? "not labelled yet")}`));
  if (face.altText)
    texts.append(element("dt", {}, "alt text, as found"), element("dd", { className: "quiet" }, face.altText));
  texts.append(element("dt", { className: "scores" }, scores.join(" · ")));
  return element("article", {}, facts, element("div", {}, chips, texts));
}

function caption([template, status, rewritten, rejected, reason]) {
  const lines = template ? [element("dt", {}, "template"), element("dd", {}, template)]
    : [element("dt", {}, "no caption: no attribute to put into words")];
  if (rewritten) {
    const fate = element("span", { className: "good" }, status);
    lines.push(element("dt", {}, "rewritten, ", fate), element("dd", {}, rewritten));
  } else if (status) {
    const fate = element("span", { className: "bad" }, plain(status));
    lines.push(element("dt", {}, "rewriting ", fate, reason ? `: ${plain(reason)}` : ""));
  }
  if (rejected) lines.push(element("dt", {}, rewritten ? `rejected before: ${plain(reason ?? "")}` : "rejected"),
    element("dd", { className: "rejected" }, rejected));
  return lines;
}

function chip(place) {
  const button = element("button", { type: "button" }, plain(content.attributes[place][0]));
  button.dataset.attribute = place;
  return button;
}

function toggle(place) {
  if (!chosen.delete(place)) chosen.add(place);
  at("chosen").replaceChildren(...[...chosen].map(chip));
  filter();
}

function offer(id, entries) {
  at(id).append(...entries.map(([name, count], value) =>
    new Option(count === undefined ? name : `${plain(name)} (${count.toLocaleString("en")})`, value)));
}

// A link to a face, such as the report's, looks for its id.
function follow() {
  if (location.hash.length > 1) at("text").value = decodeURIComponent(location.hash.slice(1));
  filter();
}

offer("attribute", content.attributes);
offer("source", content.sources);
offer("fate", content.fates);
offer("score", content.measures.map(name => [name]));
document.addEventListener("click", event => {
  const place = event.target.dataset?.attribute;
  if (place !== undefined) toggle(Number(place));
});
at("attribute").addEventListener("change", () => {
  const place = at("attribute").value;
  at("attribute").value = "";
  if (place !== "" && !chosen.has(Number(place))) toggle(Number(place));
});
for (const id of ["text", "source", "fate", "score", "least", "most", "order"])
  at(id).addEventListener("input", filter);
at("filters").addEventListener("submit", event => event.preventDefault());
at("clear").addEventListener("click", () => {
  at("filters").reset();
  chosen.clear();
  at("chosen").replaceChildren();
  filter();
});
window.addEventListener("hashchange", follow);
at("filters").hidden = false;
follow();
