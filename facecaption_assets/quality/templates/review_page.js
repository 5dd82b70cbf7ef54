// Draws a session, takes keys and clicks, and keeps the answers in this browser.
const content = JSON.parse(document.getElementById("content").textContent);
const at = id => document.getElementById(id);
const words = name => ({ Male: "man or woman", [content.somethingElse]: "something else" })[name] ?? name.replaceAll("_", " ");
const last = `facecaption-review/${content.review}`;
let session = null;

function recall(key) {
  try { return JSON.parse(localStorage.getItem(key)); } catch { return null; }
}
function keep() {
  try {
    localStorage.setItem(last, JSON.stringify(session.reviewer));
    localStorage.setItem(`${last}/${session.reviewer}`, JSON.stringify(session.saved()));
  } catch {
    at("message").textContent = "This browser keeps nothing for this page: export before you close it.";
  }
}

function mark(list, name, key) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.list = list;
  button.dataset.name = name;
  button.title = content.meanings[name] ?? "";
  button.setAttribute("aria-pressed", session.answer[list].includes(name));
  if (key) {
    const shown = document.createElement("kbd");
    shown.textContent = key.toUpperCase();
    button.append(shown, " ");
  }
  button.append(words(name));
  return button;
}

function drawMissing() {
  at("missing").replaceChildren(...session.answer.missing.map(name => mark("missing", name)));
  const sought = at("filter").value.trim().toLowerCase();
  const groups = Object.entries(content.groups).map(([group, names]) => {
    const section = document.createElement("section"), title = document.createElement("h3"), marks = document.createElement("div");
    title.textContent = group;
    marks.className = "marks";
    marks.append(...names
      .filter(name => !session.item.named.includes(name) && words(name).toLowerCase().includes(sought))
      .map(name => mark("missing", name)));
    section.append(title, marks);
    section.hidden = !marks.childElementCount;
    return section;
  });
  at("groups").replaceChildren(...groups);
}

function draw() {
  const { item, answer } = session;
  const picture = `pictures/${encodeURIComponent(item.picture)}`;
  if (at("picture").getAttribute("src") !== picture) at("picture").src = picture;
  if (at("caption").textContent !== item.caption) at("caption").textContent = item.caption;
  for (const button of document.querySelectorAll(".scale button")) {
    const value = answer[button.parentElement.dataset.name];
    button.setAttribute("aria-pressed", String(value) === button.dataset.value);
  }
  for (const fieldset of document.querySelectorAll("fieldset[data-question]"))
    fieldset.classList.toggle("asked", Number(fieldset.dataset.question) === session.question);
  at("wrong").replaceChildren(...[...session.keysOfWrong()].map(([key, name]) => mark("wrong", name, key)),
    ...item.mayBeWrong.slice(LETTERS.length).map(name => mark("wrong", name)));
  drawMissing();
  at("progress").value = session.numDone;
  at("count").textContent = `${session.place + 1} of ${session.items.length}, ${session.numDone} done`;
  at("undo").disabled = !session.undone.length;
  at("back").disabled = !session.place;
  at("next").classList.toggle("ready", session.isComplete);
  at("message").textContent = session.numDone === session.items.length
    ? "All are done: export your answers and send the file back." : "";
  const following = session.items[session.place + 1];
  if (following) new Image().src = `pictures/${encodeURIComponent(following.picture)}`;
  keep();
}

// Drawing anew replaces the marks; the one that had the focus gets it back.
function redraw() {
  const { list, name } = document.activeElement?.dataset ?? {};
  const place = document.activeElement?.closest("#groups, #wrong, #missing")?.id;
  draw();
  if (name) document.querySelector(`#${place} [data-list="${list}"][data-name="${name}"]`)?.focus();
}

function begin(reviewer) {
  session = new Session(content, recall(`${last}/${reviewer}`));
  session.reviewer = reviewer;
  document.querySelector("main").hidden = document.querySelector("footer").hidden = false;
  draw();
}

function save() {
  const blob = new Blob([JSON.stringify(session.exported(), null, 1) + "\n"], { type: "application/json" });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `review-${content.review}-${session.reviewer}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  at("message").textContent = `Exported to ${link.download}, answers: ${session.numDone}.`;
}

function openMissing() {
  at("filter").value = "";
  drawMissing();
  at("attributes").showModal();
  at("filter").focus();
}

function openHelp() {
  at("begin").textContent = session ? "Go on" : "Begin";
  at("instructions").showModal();
}

at("start").addEventListener("submit", () => {
  if (at("reviewer").value !== session?.reviewer) begin(at("reviewer").value);
});
at("instructions").addEventListener("cancel", event => { if (!session) event.preventDefault(); });
at("instructions").addEventListener("close", () => { if (!session) openHelp(); });
at("import").addEventListener("change", async () => {
  const [chosen] = at("import").files;
  at("import").value = "";
  if (!chosen) return;
  let file = null;
  try { file = JSON.parse(await chosen.text()); } catch { /* The session says that it is no such file. */ }
  const reviewer = at("reviewer").value || file?.reviewer;
  if (!PSEUDONYM.test(reviewer)) return at("reviewer").reportValidity();
  at("reviewer").value = reviewer;
  if (reviewer !== session?.reviewer) begin(reviewer);
  const said = session.import(file);
  at("instructions").close();
  draw();
  at("message").textContent = said;
});

const acts = { back: "ArrowLeft", undo: "u", next: "ArrowRight" };
document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (!session || !button) return;
  const { list, name, value } = button.dataset;
  if (list) session.mark(list, name);
  else if (value) session.say(button.parentElement.dataset.name, JSON.parse(value));
  else if (button.id in acts) session.press(acts[button.id]);
  else return;
  redraw();
  // After a click with a pointer, Enter should go on, not press the button again.
  if (event.detail && !at("attributes").open) document.activeElement.blur();
});
at("choose").addEventListener("click", openMissing);
at("close").addEventListener("click", () => at("attributes").close());
at("help").addEventListener("click", openHelp);
at("export").addEventListener("click", save);
at("filter").addEventListener("input", drawMissing);
at("filter").addEventListener("keydown", event => {
  if (event.key === "Escape") at("attributes").close(); // Else it only empties the field.
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (at("filter").value.trim()) document.querySelector("#groups button")?.click();
  at("filter").select();
});
document.addEventListener("keydown", event => {
  if (!session || document.querySelector("dialog[open]") || event.altKey || event.metaKey) return;
  const isUndo = event.ctrlKey && event.key === "z";
  if (event.ctrlKey && !isUndo) return;
  const key = isUndo ? "u" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key === "Enter" && event.target.closest("button")) return;
  if (key === "m") openMissing();
  else if (key === "h" || key === "?") openHelp();
  else if (key === "x") save();
  else if (session.press(key)) redraw();
  else return;
  event.preventDefault();
});

const known = recall(last);
if (typeof known === "string" && PSEUDONYM.test(known) && recall(`${last}/${known}`)) {
  at("reviewer").value = known;
  begin(known);
} else openHelp();
